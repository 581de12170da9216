"""Examiner: knows what grading needs to know, and runs what has to be run for it."""

import signal
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, InvalidStateError, wait
from contextlib import suppress
from functools import cache
from threading import Lock, Thread
from typing import Any, TypeVar

from kb.deck.item import Item
from kb.deck.script import Snippet
from kb.errors import KbError
from kb.run.job import Job, Run
from kb.run.outcome import Outcome
from kb.run.runner import IsStopped, OnOutput, block_job, reference_job, run
from kb.run.worker import Worker
from kb.verify.record import Record, keys_of
from kb.verify.task import digest
from quiz.session import Question

_T = TypeVar("_T")


class NoKey(KbError):  # noqa: N818 nobody of the session made a mistake
    """An item cannot be graded here, whatever is answered: the deck or this machine lacks what it takes."""


class Stopped(KbError):  # noqa: N818 a wish of the learner's
    """The learner stopped a check; what he answered is neither right nor wrong."""

    def __init__(self) -> None:
        super().__init__("stopped", "nothing was graded")


class Examiner:
    """Computes keys and reference runs while the learner thinks. A warm worker is started on the first need and ends
    with the examiner."""

    def __init__(self, records: Iterable[Record], may_run: Callable[[int], bool] = lambda _: True) -> None:
        """Take what an examiner goes by.

        Args:
            records: what verifications wrote down: keys among them need not be computed.
            may_run: whether the code of an entry, by its number, may run here; asked once, when a question about it is
                prepared, in the learner's thread.
        """
        self._may_run = cache(may_run)
        self._recorded = keys_of(records)
        self._keys: dict[str, Future[str]] = {}
        self._references: dict[int, Future[Run]] = {}
        self._worker: Worker | None = None
        self._stops: set[Future[None]] = set()
        """One for everything that is waited for: done once it is to stop."""
        self._lock = Lock()

    def __enter__(self) -> "Examiner":
        return self

    def __exit__(self, *_: object) -> None:
        if self._worker is not None:
            self._worker.close()

    def warm(self) -> Worker:
        """Start the worker if there is none; torch loads while the learner reads."""
        if self._worker is None:
            self._worker = Worker.start()
        return self._worker

    def reference(self, number: int, snippet: Snippet) -> Future[Run]:
        """The snippet's own run, which tells the checks that an answer must execute too; begun if it was not, and once
        more if the machine kept it from its end.

        Raises:
            NoKey: nobody has trusted it.
        """
        self._demand(number)
        known = self._references.get(number)
        if known is None or (known.done() and not _is_final(known)):
            worker = self.warm()
            self._references[number] = in_background(lambda: run(reference_job(snippet), worker=worker))
        return self._references[number]

    def prepare_key(self, item: Item) -> None:
        """Begin to compute what an item's script prints, unless a verification wrote it down."""
        if self._recorded_key(item) is None:
            self._computed_key(item)

    def key(self, item: Item) -> str:
        """What an item's script prints: a verification ran this very script and wrote it down, or it is run now.

        Raises:
            NoKey: it was not recorded, and does not run here.
            Stopped: it is being computed, and somebody stopped it; the computing goes on for another time.
        """
        recorded = self._recorded_key(item)
        if recorded is not None:
            return recorded
        stop = self._begin()
        try:
            return self._awaited(self._computed_key(item), stop)
        finally:
            self._end(stop)

    def has_key(self, item: Item) -> bool:
        """Whether an item's key is there at once."""
        computed = self._keys.get(item.key)
        return self._recorded_key(item) is not None or (computed is not None and computed.done())

    def _recorded_key(self, item: Item) -> str | None:
        return self._recorded.get((item.entry, item.id, digest(item.code)))

    def _computed_key(self, item: Item) -> Future[str]:
        self._demand(item.entry)
        if item.key not in self._keys:
            worker = self.warm()
            self._keys[item.key] = in_background(lambda: _printed(item, worker))
        return self._keys[item.key]

    def proof(self, question: Question) -> Job | None:
        """What can be run to see that the key is right: the item's proof or script, else the entry's snippet.

        Raises:
            NoKey: nobody has trusted it.
        """
        item = question.item
        self._demand(item.entry)
        if item.proof:
            return block_job(item.proof, f"{item.id}-proof", needs_checks=True)
        if item.code:
            return block_job(item.code, item.id)
        return reference_job(question.entry.snippet) if question.entry.snippet else None

    def run(self, job: Job, on_output: OnOutput) -> Run:
        """Run a proof on the worker. After a stop its outcome says so."""
        stop = self._begin()
        try:
            return run(job, on_output=on_output, worker=self.warm(), is_stopped=stop.done)
        finally:
            self._end(stop)

    def stop(self) -> None:
        """End what is being graded, computed or run, at once: whoever waits for a grade gets ``Stopped``. Any thread
        may call it, at any time and as often as it likes; where nothing is under way nothing happens."""
        with self._lock:
            stops, self._stops = self._stops, set()
        for stop in stops:
            with suppress(InvalidStateError):
                stop.set_result(None)

    def stoppable(self, do: Callable[[IsStopped], _T]) -> _T:
        """What something gives, unless it is stopped, by ``stop`` or by Ctrl-C.

        Args:
            do: runs in the background and is not waited for after a stop; what it is given says whether to go on.

        Raises:
            Stopped: it was.
        """
        stop = self._begin()
        try:
            return self._awaited(in_background(lambda: do(stop.done)), stop)
        finally:
            self._end(stop)

    def _demand(self, number: int) -> None:
        """See that the code of an entry may run.

        Raises:
            NoKey: it may not.
        """
        if not self._may_run(number):
            raise NoKey(
                "the code of entry {number} is not trusted, so nothing of it runs",
                "kb trust shows a deck's code and asks",
                number=number,
            )

    def _awaited(self, later: Future[_T], stop: Future[None]) -> _T:
        either: list[Future[Any]] = [later, stop]
        try:
            wait(either, return_when=FIRST_COMPLETED)
        except KeyboardInterrupt:
            raise Stopped from None
        if stop.done():
            raise Stopped
        return later.result()

    def _begin(self) -> Future[None]:
        stop: Future[None] = Future()
        with self._lock:
            self._stops.add(stop)
        return stop

    def _end(self, stop: Future[None]) -> None:
        """Nobody waits any more; what still goes on in the background ends."""
        with self._lock:
            self._stops.discard(stop)
        with suppress(InvalidStateError):
            stop.set_result(None)


def _is_final(reference: Future[Run]) -> bool:
    """Whether a snippet's own run would end in the same way again."""
    return reference.exception() is None and (reference.result().passed or reference.result().is_own_doing)


def _printed(item: Item, worker: Worker) -> str:
    """What an item's script prints."""
    done = run(block_job(item.code, item.id), worker=worker)
    if done.outcome is Outcome.INTERRUPTED:
        raise KeyboardInterrupt
    if not done.passed:
        raise NoKey(
            "the key of {key} cannot be computed: {reason}",
            "kb verify {entry} tells more",
            key=item.key,
            reason=done.reason,
            entry=item.entry,
        )
    return done.stdout.strip()


def in_background(do: Callable[[], _T]) -> Future[_T]:
    """Begin something that the learner need not wait for; leaving does not wait for it either."""
    later: Future[_T] = Future()

    def work() -> None:
        try:
            later.set_result(do())
        except BaseException as error:
            later.set_exception(error)

    start_thread(work)
    return later


def start_thread(work: Callable[[], None]) -> None:
    """Run something beside the learner's thread.

    That one waits for a key, and no other may be told in its place that the program came back from Ctrl-Z.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCONT])
    try:
        Thread(target=work, daemon=True).start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
