"""Folder: the files of one deck's log, and the state that follows them. What is found odd in them is told."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple, TypeVar

from kb.errors import KbError, Message
from kb.files import locked
from kb.places import short_hash
from quiz.log.answers import Answers
from quiz.log.device import device_name
from quiz.log.event import Key, decode, encode
from quiz.log.journal import append, make_file, make_folder, set_aside
from quiz.log.state import News, State
from quiz.schedule import Parameters

DAMAGED = (
    "{path}: {count} damaged {count:line is|lines are} left out ({count:line|lines} {lines}); everything else counts,"
    " and they are kept in {beside}"
)
TORN = "{path}: its last line is torn and left out; everything else counts, and it is kept in {beside}"
LOST = "{folder}: {count} {count:event is|events are} gone from it; kb log restore FILE takes them from a copy"
MISSING = "{folder}: events are missing between others ({which}); kb log restore FILE takes them from a copy"
EARLY = (
    "{count} {count:answer lies|answers lie} in the future ({which}): a clock was ahead; until that time comes they"
    " count as if given when the same machine last wrote before"
)
RENAMED = "from now on it writes as {new} instead of {old}; nothing is lost"

_T = TypeVar("_T")


class Draft(NamedTuple):
    """An event that has no id yet."""

    at: float
    """When, seconds since 1970."""
    what: str
    values: dict[str, Any]


class Folder(Answers):
    """A log's files and its state, which follows them."""

    def __init__(
        self,
        root: Path,
        deck: str,
        data: Path,
        cache: Path,
        on_notice: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the log; nothing is written where there is none yet.

        Args:
            root: the folder of all logs.
            deck: its id.
            data: the folder that this machine's name is kept in.
            cache: the folder of what can be made again.
            on_notice: is told in words what was found damaged, missing or odd, and what was done.
            clock: seconds since 1970, to know what lies in the future.
        """
        self.folder = root / deck
        self._root, self._data, self._on_notice, self._clock = root, data, on_notice, clock
        self._cache = cache / f"log-{deck}-{short_hash(str(self.folder.absolute()))}.db"
        self._threads = RLock()
        self._is_held = False  # whether this log holds the folder's lock
        self._is_checked = False  # whether nobody else is known to write under this machine's name
        self._state = self._open_state()
        self._is_behind = True
        self.refresh()

    # The state, and what may befall it

    def _open_state(self, anew: bool = False) -> State:
        self._is_behind = True
        for unlink in (anew, True):
            with suppress(sqlite3.Error, OSError):
                for end in ("", "-wal", "-shm") if unlink else ():
                    self._cache.with_name(self._cache.name + end).unlink(missing_ok=True)
                return State(self._cache)
        return State(":memory:")  # a full disk keeps nobody from reading what is there

    def _safely(self, do: Callable[[], _T]) -> _T:
        """Do something with the state; if it is broken, do it again with one that is made anew."""
        for last_resort in (False, True):
            try:
                if self._is_behind:
                    self._catch_up()
                return do()
            except sqlite3.ProgrammingError:
                raise  # a caller's mistake
            except (sqlite3.Error, TypeError, ValueError):
                with suppress(sqlite3.Error):
                    self._state.connection.close()
                self._state = State(":memory:") if last_resort else self._open_state(anew=True)
                self._is_behind = True
        self._catch_up()
        return do()

    def _rows(self, query: str, *values: object) -> list[Any]:
        with self._threads:
            return self._safely(lambda: self._state.rows(query, *values))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._threads:
            if self._is_held or not self.folder.is_dir():
                yield
                return
            with locked(self.folder):
                self._is_held = True
                try:
                    yield
                finally:
                    self._is_held = False

    def refresh(self) -> None:
        """Read what came into the folder from elsewhere.

        Raises:
            KbError: it cannot be read.
        """
        with self._locked():
            self._safely(self._catch_up)

    def _catch_up(self, grown: str = "") -> None:
        with self._locked():
            for is_last in (False, False, True):
                try:
                    news = self._state.catch_up(self.folder, self._clock(), grown)
                    break
                except OSError as error:
                    # A tool that synchronises may have put another file in the place of one just now.
                    if is_last or not isinstance(error, FileNotFoundError):
                        do = "mend its permissions, or move that file away"
                        raise KbError(
                            "the log in {folder} cannot be read: {error}", do, folder=self.folder, error=error
                        ) from None
            self._is_behind = False
            self._is_checked &= not news.events or bool(grown)
            self._tell(news)

    def _tell(self, news: News) -> None:
        try:
            new = set_aside(news.damages)
        except OSError:
            new = news.damages
        for path in dict.fromkeys(one.path for one in new):
            lines = [one.line for one in new if one.path == path and not one.is_torn]
            facts = {"path": path, "beside": path.with_suffix(".damaged").name}
            if lines:
                self._tell_that(DAMAGED, count=len(lines), lines=_listed(lines), **facts)
            if any(one.is_torn for one in new if one.path == path):
                self._tell_that(TORN, **facts)
        if news.lost:
            self._tell_that(LOST, folder=self.folder, count=len(news.lost))
            device = device_name(self._data)
            if max((number for name, number, _ in news.lost if name == device), default=0) > self._state.top(device):
                self._rename("the last lines of this machine's log are gone: {now}")
        elif news.missing:
            which = ", ".join(f"{device}: {count}" for device, count in sorted(news.missing.items()))
            self._tell_that(MISSING, folder=self.folder, which=which)
        if news.early:
            self._tell_that(EARLY, count=len(news.early), which=", ".join(sorted(set(news.early))[:5]))

    def _tell_that(self, template: str, **values: object) -> None:
        self._on_notice(Message(template, **values))

    def _rename(self, why: str) -> None:
        old = device_name(self._data)
        self._tell_that(why, now=Message(RENAMED, new=device_name(self._data, other_than=old), old=old))

    # Writing

    def make_ready(self) -> Path:
        """See to it that answers can be kept; the file that they will lie in.

        Raises:
            KbError: they cannot.
        """
        try:
            for folder in (self._root, self.folder):
                make_folder(folder)
            return make_file(self.folder / f"{device_name(self._data)}.jsonl")
        except OSError as error:
            do = "set KB_HOME to a folder that you may write to"
            raise KbError("progress cannot be kept in {folder}: {error}", do, folder=self.folder, error=error) from None

    def _write(self, make: Callable[[], Draft | None]) -> Key | None:
        """Write an event down, on the disk when this returns; what it says is worked out when nobody else can write.

        Returns:
            Its key; None if there is nothing to write.

        Raises:
            KbError: it cannot be written; nothing of it stays.
        """
        self.make_ready()
        with self._locked():
            self._safely(self._catch_up)
            draft = self._safely(make)
            if draft is None:
                return None
            if not self._is_checked and self._safely(lambda: self._state.is_shared(device_name(self._data))):
                self._rename("another machine writes under this machine's name: {now}")
            self._is_checked = True
            path = self.make_ready()
            device = path.stem
            number = self._safely(lambda: self._state.top(device)) + 1
            line = encode((device, number), *draft)
            key = decode(line).key  # what is written can be read
            try:
                append(path, line)
            except OSError as error:
                do = "free space or mend its permissions; every earlier answer is safe"
                raise KbError("nothing can be saved in {path}: {error}", do, path=path, error=error) from None
            self._safely(lambda: self._catch_up(path.name))
        return key

    @property
    def parameters(self) -> Parameters:
        """What the schedule is fitted to this learner with; empty for the default."""
        with self._threads:
            return self._safely(lambda: self._state.parameters[0])

    def close(self) -> None:
        """Let go of the state's file."""
        self._state.connection.close()


def _listed(lines: list[int]) -> str:
    return ", ".join(map(str, lines[:10])) + ", ..." * (len(lines) > 10)
