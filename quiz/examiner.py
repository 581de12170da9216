"""Examiner: knows the key of every item, and runs what has to be run to grade an answer."""

import hashlib
import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from kb.deck.item import Item, Kind
from kb.deck.script import Snippet
from kb.errors import KbError
from kb.run.job import Job, Run
from kb.run.runner import OnOutput, block_job, run, snippet_job
from kb.run.worker import Worker
from kb.verify.record import Record
from quiz.grade import Grade, grade_choice, grade_code, grade_value
from quiz.session import Question

_T = TypeVar("_T")


class _Later(Generic[_T]):
    """Something that is computed while the learner thinks."""

    def __init__(self, do: Callable[[], _T]) -> None:
        self._do = do
        self._found: list[_T] = []
        self._error: BaseException | None = None
        # A daemon: a learner who leaves does not wait for it.
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            self._found.append(self._do())
        except BaseException as error:
            self._error = error

    def get(self) -> _T:
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._found[0]


class Examiner:
    """Grades answers. A warm worker is started on the first need and ends with the examiner."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._recorded = {(one.entry, one.id, one.sha256): one.printed for one in records if one.printed}
        self._keys: dict[str, _Later[str]] = {}
        self._references: dict[int, _Later[Run]] = {}
        self._worker: Worker | None = None

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

    def prepare(self, question: Question, upcoming: Iterable[Kind] = ()) -> None:
        """Get ready for a question while it is read.

        Args:
            question: the one that is shown.
            upcoming: kinds of the questions after it; the worker is started in time for them.
        """
        item, snippet = question.item, question.entry.snippet
        if item.kind is Kind.CODE and snippet:
            self._reference(item.entry, snippet)
        elif item.code and self._recorded_key(item) is None:
            self._computed_key(item)
        elif Kind.CODE in upcoming:
            self.warm()

    def _reference(self, number: int, snippet: Snippet) -> _Later[Run]:
        """The snippet's own run, which tells the checks that an answer must execute too."""
        if number not in self._references:
            worker = self.warm()
            self._references[number] = _Later(lambda: run(snippet_job(snippet), worker=worker))
        return self._references[number]

    def key(self, question: Question) -> str:
        """The key of an item as text: the right options' places, what its script prints, the first solution.

        Raises:
            KbError: its script has no recorded output and does not run here.
        """
        item = question.item
        if item.kind is Kind.CHOICE:
            return ", ".join(str(place) for place, option in enumerate(question.order, 1) if item.marks[option])
        if item.kind is Kind.CODE:
            return question.entry.snippet.solution(item.id) if question.entry.snippet else ""
        if item.kind is Kind.RECALL:
            return ""
        return self._printed(item)

    def _printed(self, item: Item) -> str:
        # A verification ran this very script and wrote down what it printed; else it is run now.
        recorded = self._recorded_key(item)
        return self._computed_key(item).get() if recorded is None else recorded

    def _computed_key(self, item: Item) -> _Later[str]:
        if item.key not in self._keys:
            self.warm()
            self._keys[item.key] = _Later(lambda: self._run_key(item))
        return self._keys[item.key]

    def _recorded_key(self, item: Item) -> str | None:
        return self._recorded.get((item.entry, item.id, hashlib.sha256(item.code.encode()).hexdigest()))

    def _run_key(self, item: Item) -> str:
        done = run(block_job(item.code, item.id), worker=self.warm())
        if not done.passed:
            raise KbError(
                f"the key of {item.key} cannot be computed: {done.reason}", f"kb verify {item.entry} tells more"
            )
        return done.stdout.strip()

    def grade(self, question: Question, given: str) -> Grade:
        """Grade an answer: places of options (``1, 3``), a value, or lines of code."""
        item = question.item
        if item.kind is Kind.CHOICE:
            places = {int(word) for word in given.replace(",", " ").split()}
            return grade_choice(frozenset(question.order[place - 1] for place in places), item.marks)
        if item.kind is Kind.CODE:
            snippet = question.entry.snippet
            if snippet is None or snippet.hole(item.id) is None:
                raise KbError(
                    f"item {item.key} has no hole in the snippet", f"kb check tells more; kb show {item.entry}"
                )
            reference = self._reference(item.entry, snippet)
            return grade_code(snippet, item.id, given, self.warm(), reference.get)
        return grade_value(given, self._printed(item))

    def proof(self, question: Question) -> Job | None:
        """What can be run to see that the key is right: the item's proof or script, else the entry's snippet."""
        item = question.item
        if item.proof:
            return block_job(item.proof, f"{item.id}-proof", needs_checks=True)
        if item.code:
            return block_job(item.code, item.id)
        return snippet_job(question.entry.snippet) if question.entry.snippet else None

    def run(self, job: Job, on_output: OnOutput) -> Run:
        """Run a proof on the worker."""
        return run(job, on_output=on_output, worker=self.warm())
