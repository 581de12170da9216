"""Log: one learner's answers to one deck, from all devices. Lines of text are the truth, what is due their replay."""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple, TypeVar

from kb.errors import KbError
from kb.places import short_hash
from quiz.log.answers import Answers, as_review
from quiz.log.device import device_name
from quiz.log.event import Id, Review, answer_values, change_values, decode, encode
from quiz.log.exchange import Synced, restore, sync
from quiz.log.fsrs6 import within_bounds
from quiz.log.journal import append, locked, make_folder, set_aside
from quiz.log.state import News, State
from quiz.schedule import Memory, Parameters, Rating

AFTER = 1e-6
"""Seconds: a correction is written as later than what it corrects, whatever the clock says."""

RESTORE = "kb log restore FILE takes them from a copy"

_T = TypeVar("_T")


class _Draft(NamedTuple):
    """An event that has no id yet."""

    at: float
    what: str
    values: dict[str, Any]


class Log(Answers):
    """The log of one deck."""

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
        try:
            with self._locked():
                self._safely(self._catch_up)
        except OSError as error:
            raise KbError(f"the log in {self.folder} cannot be read: {error}", "mend its permissions") from None

    def _catch_up(self, grown: str = "") -> None:
        with self._locked():
            news = self._state.catch_up(self.folder, self._clock(), grown)
            self._is_behind = False
            self._is_checked &= not news.events or bool(grown)
            self._tell(news)

    def _tell(self, news: News) -> None:
        try:
            new = set_aside(news.damages)
        except OSError:
            new = news.damages
        for path in dict.fromkeys(one.path for one in new):
            torn = sum(one.is_torn for one in new if one.path == path)
            lines = [one.line for one in new if one.path == path and not one.is_torn]
            what = [f"{len(lines)} damaged lines are left out ({_listed(lines)})"] if lines else []
            what += ["its last line is torn and left out"] if torn else []
            beside = path.with_suffix(".damaged").name
            self._on_notice(f"{path}: {'; '.join(what)}; everything else counts, and they are kept in {beside}")
        if news.lost:
            self._on_notice(f"{self.folder}: {len(news.lost)} events that were there are gone; {RESTORE}")
            device = device_name(self._data)
            if max((number for name, number, _ in news.lost if name == device), default=0) > self._state.top(device):
                self._rename("the last lines of this machine's log are gone")
        elif news.missing:
            which = ", ".join(f"{count} of {device}" for device, count in sorted(news.missing.items()))
            self._on_notice(f"{self.folder}: events are missing between others ({which}); {RESTORE}")
        if news.early:
            which = ", ".join(sorted(set(news.early))[:5])
            self._on_notice(
                f"{len(news.early)} answers lie in the future ({which}): a clock was ahead; until that time comes they"
                " count as if given when the same machine last wrote before"
            )

    def _rename(self, why: str) -> None:
        old = device_name(self._data)
        new = device_name(self._data, other_than=old)
        self._on_notice(f"{why}: from now on it writes as {new} instead of {old}; nothing is lost")

    # Writing

    def make_ready(self) -> Path:
        """See to it that answers can be kept; the file that they will lie in.

        Raises:
            KbError: they cannot.
        """
        try:
            for folder in (self._root, self.folder):
                make_folder(folder)
            path = self.folder / f"{device_name(self._data)}.jsonl"
            path.open("ab").close()
            path.chmod(0o600)
        except OSError as error:
            raise KbError(
                f"progress cannot be kept in {self.folder}: {error}", "set KB_HOME to a folder that you may write to"
            ) from None
        return path

    def _write(self, make: Callable[[], _Draft | None]) -> Id | None:
        """Write an event down, on the disk when this returns; what it says is worked out when nobody else can write.

        Returns:
            Its id; None if there is nothing to write.

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
                self._rename("another machine writes under this machine's name")
            self._is_checked = True
            path = self.make_ready()
            device = path.stem
            number = self._safely(lambda: self._state.top(device)) + 1
            line = encode((device, number), *draft)
            decode(line)  # what is written can be read
            try:
                append(path, line)
            except OSError as error:
                do = "free space or mend its permissions; every earlier answer is safe"
                raise KbError(f"nothing can be saved in {path}: {error}", do) from None
            self._safely(lambda: self._catch_up(path.name))
        return device, number

    def add(self, one: Review) -> tuple[Review, Memory]:
        """Write an answer down; on the disk when this returns.

        Returns:
            The review as the log has it, and the item's memory after it.

        Raises:
            KbError: it cannot be written.
        """
        with self._threads:
            written = self._write(lambda: _Draft(one.at, "answer", answer_values(one)))
            saved, memory = self.last(written), self.memory(one.item)
        if saved is None or memory is None:
            raise AssertionError("what was written counts")
        return saved, memory

    def amend(self, id: Id, rating: Rating, at: float) -> Memory | None:
        """Correct the rating of an answer; what it was before stays in the log.

        Args:
            id: the answer's.
            rating: what is to count.
            at: when it is corrected, seconds since 1970.

        Returns:
            The item's memory after it; None if that answer does not count any more.

        Raises:
            KbError: it cannot be written.
        """
        with self._threads:
            rows = self._newest(id)

            def make() -> _Draft | None:
                if not self._newest(id):
                    return None
                later = max(at, self._state.last_amend(rows[0][:3]) + AFTER)
                return _Draft(later, "amend", change_values([rows[0][:3]], item=rows[0][5], rating=int(rating)))

            return self.memory(rows[0][5]) if rows and self._write(make) else None

    def undo(self, at: float, id: Id | None = None) -> Review | None:
        """Take an answer back.

        Args:
            at: when, seconds since 1970.
            id: the answer's; the newest that counts if left out.

        Returns:
            The answer that was taken back; None if there is none.

        Raises:
            KbError: it cannot be written.
        """
        taken: list[Any] = []

        def make() -> _Draft | None:
            taken[:] = self._newest(id)
            return _Draft(at, "undo", change_values([taken[0][:3]], item=taken[0][5])) if taken else None

        return as_review(taken[0]) if self._write(make) else None

    def reset(self, at: float, which: Collection[int | str] | None = None) -> int:
        """Take many answers back, all or none, in one event.

        Args:
            at: when, seconds since 1970.
            which: numbers of entries, or items as ``entry/id``; everything if left out.

        Returns:
            How many.

        Raises:
            KbError: it cannot be written.
        """
        count = 0

        def make() -> _Draft | None:
            nonlocal count
            rows = self._state.rows("SELECT device, number, mark, item FROM answer WHERE taken = 0")
            names = None if which is None else {str(one) for one in which}
            keys = [row[:3] for row in rows if names is None or names & {row[3], row[3].partition("/")[0]}]
            count = len(keys)
            return _Draft(at, "reset", change_values(keys)) if keys else None

        self._write(make)
        return count

    def redo(self, at: float) -> list[Review]:
        """Give back what the newest undo or reset took.

        Args:
            at: when, seconds since 1970.

        Returns:
            The answers that count again, oldest first; empty if nothing is taken back.

        Raises:
            KbError: it cannot be written.
        """
        given: list[Id] = []

        def make() -> _Draft | None:
            keys, back = self._state.newest_taken()
            given[:] = [key[:2] for key in back]
            return _Draft(at, "redo", change_values(keys)) if back else None

        with self._threads:
            self._write(make)
            return [one for one in self.reviews() if one.id in set(given)] if given else []

    @property
    def parameters(self) -> Parameters:
        """What the schedule is fitted to this learner with; empty for the default."""
        with self._threads:
            return self._safely(lambda: self._state.parameters[0])

    def set_parameters(self, parameters: Parameters) -> None:
        """Schedule by other parameters (the default ones if empty); every memory follows in the same step.

        Raises:
            KbError: it cannot be written.
        """
        values = {"parameters": list(within_bounds(parameters))}
        self._write(lambda: _Draft(max(self._clock(), self._state.parameters[1] + AFTER), "parameters", values))

    def close(self) -> None:
        """Let go of the state's file."""
        self._state.connection.close()

    # Other folders

    def sync(self, other: Path) -> Synced:
        """Merge all logs with those in another folder, both ways.

        Raises:
            KbError: a file cannot be read or written.
        """
        synced = sync(self._root, other)
        self.refresh()
        return synced

    def restore(self, source: Path) -> int:
        """Take in what a copy of this log has and the log has not: a file, or a folder of them.

        Returns:
            How many events.

        Raises:
            KbError: a file cannot be read or written.
        """
        self.make_ready()
        count = restore(self.folder, source)
        self.refresh()
        return count


def _listed(lines: list[int]) -> str:
    shown = ", ".join(map(str, lines[:10]))
    return f"line{'s' * (len(lines) > 1)} {shown}{', ...' * (len(lines) > 10)}"
