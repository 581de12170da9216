"""Log: one learner's answers to one deck, from all devices. Lines of text are the truth, what is due their replay."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from kb.errors import KbError, Message
from quiz.log.answers import as_review
from quiz.log.event import Key, Marking, Review, answer_values, change_values, marking_values
from quiz.log.exchange import Checked, Synced, check, examine, owner_of, restore, sync
from quiz.log.folder import Draft, Folder
from quiz.log.journal import journals
from quiz.schedule import Memory, Parameters, Rating, within_bounds

AFTER = 1e-6
"""Seconds: a correction is written as later than what it corrects, whatever the clock says."""


class Log(Folder):
    """The log of one deck: what the learner does."""

    def add(self, one: Review) -> tuple[Review, Memory]:
        """Write an answer down; on the disk when this returns.

        Returns:
            The review as the log has it, and the item's memory after it.

        Raises:
            KbError: it cannot be written.
        """
        with self._threads:
            written = self._write(lambda: Draft(one.at, "answer", answer_values(one)))
            saved, memory = self.last(written), self.memory(one.item)
        if saved is None or memory is None:
            raise AssertionError("what was written counts")
        return saved, memory

    def amend(self, key: Key, rating: Rating, at: float) -> Memory | None:
        """Correct the rating of an answer; what it was before stays in the log.

        Args:
            key: the answer's.
            rating: what is to count.
            at: when it is corrected, seconds since 1970.

        Returns:
            The item's memory after it; None if that answer does not count any more.

        Raises:
            KbError: it cannot be written.
        """
        with self._threads:
            rows = self._newest(key)

            def make() -> Draft | None:
                if not self._newest(key):
                    return None
                later = max(at, self._state.last_amend(rows[0][:3]) + AFTER)
                return Draft(later, "amend", change_values([rows[0][:3]], item=rows[0][5], rating=int(rating)))

            return self.memory(rows[0][5]) if rows and self._write(make) else None

    def undo(self, at: float, key: Key | None = None) -> Review | None:
        """Take an answer back.

        Args:
            at: when, seconds since 1970.
            key: the answer's; the newest that counts if left out.

        Returns:
            The answer that was taken back; None if there is none.

        Raises:
            KbError: it cannot be written.
        """
        taken: list[Any] = []

        def make() -> Draft | None:
            taken[:] = self._newest(key)
            return Draft(at, "undo", change_values([taken[0][:3]], item=taken[0][5])) if taken else None

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

        def make() -> Draft | None:
            nonlocal count
            rows = self._state.rows("SELECT device, number, mark, item FROM answer WHERE taken = 0")
            names = None if which is None else {str(one) for one in which}
            keys = [row[:3] for row in rows if names is None or names & {row[3], row[3].partition("/")[0]}]
            count = len(keys)
            return Draft(at, "reset", change_values(keys)) if keys else None

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
        given: list[Key] = []

        def make() -> Draft | None:
            keys, back = self._state.newest_taken()
            given[:] = back
            return Draft(at, "redo", change_values(keys)) if back else None

        with self._threads:
            self._write(make)
            return [one for one in self.reviews() if one.key in set(given)] if given else []

    def mark(self, item: str, marking: Marking, day: str, at: float) -> None:
        """Mark an item, or take that back.

        Args:
            item: as ``entry/id``.
            marking: in which way.
            day: the learner's, as ``2026-11-21``; empty takes the marking back.
            at: when, seconds since 1970.

        Raises:
            KbError: it cannot be written.
        """

        def make() -> Draft:
            later = max(at, self._state.last_marking(item, marking) + AFTER)
            return Draft(later, str(marking), marking_values(item, day))

        self._write(make)

    def set_parameters(self, parameters: Parameters) -> None:
        """Schedule by other parameters (the default ones if empty); every memory follows in the same step.

        Raises:
            KbError: it cannot be written.
        """
        values = {"parameters": list(within_bounds(parameters))}
        self._write(lambda: Draft(max(self._clock(), self._state.parameters[1] + AFTER), "parameters", values))

    # Other folders

    def sync(self, other: Path) -> Synced:
        """Merge all logs with those in another folder, both ways.

        Raises:
            KbError: a file cannot be read or written.
        """
        if journals(other) or self._root.resolve() in (other.resolve(), *other.resolve().parents):
            do = "give the folder that holds a folder for each deck, or an empty one"
            raise KbError("{other} is no folder to merge with: it is part of a log itself", do, other=other)
        damaged = check(other)
        synced = sync(self._root, other)
        self._tell_of(damaged)
        self.refresh()
        return synced

    def restore(self, source: Path) -> int:
        """Take in what a copy of this log has and the log has not: a file, or a folder of them.

        Returns:
            How many events.

        Raises:
            KbError: a file cannot be read or written.
        """
        paths = journals(source) if source.is_dir() else [source]
        if (owner := owner_of(self._root, paths)) not in ("", self.folder.name):
            raise KbError(
                "{source} is a log of another deck, {owner}",
                "open that deck: kb log restore {source} --deck DIR",
                source=source,
                owner=owner,
            )
        self.make_ready()
        count = restore(self.folder, paths)
        self._tell_of(examine(paths))
        self.refresh()
        return count

    def _tell_of(self, files: list[Checked]) -> None:
        for one in files:
            if one.damages:
                self._on_notice(
                    Message(
                        "{path}: {count} {count:line|lines} cannot be read and {count:is|are} left out",
                        path=one.path,
                        count=len(one.damages),
                    )
                )
