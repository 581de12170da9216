"""Solutions written by people who saw the questions alone, and a record of those that were judged as they hold.

They stand in ``*.toml``, each a table ``[[solution]]`` with ``item`` (``61/endless-stream``), ``verdict`` (``right`` or
``wrong``), ``why`` and ``lines``. Each takes a run of a whole snippet, all together many minutes. ``judged.json`` holds
a digest of each that was judged as it should be: of the snippet, the item, the lines, torch, and the code that runs and
judges. Whatever changes there is judged again.

``python -m tests.quiz.blind`` judges what is not recorded, and writes the record anew.
"""

import json
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import quiz.grade
from kb.deck import script
from kb.deck.library import Library
from kb.errors import KbError
from kb.run.device import public, torch_version
from kb.verify.batches import judges
from kb.verify.task import digest
from quiz import examiner
from quiz.examiner import Examiner
from quiz.grade import Grade
from quiz.kinds import code
from quiz.kinds.table import KINDS, all_kinds
from quiz.plan import Card
from quiz.session import Question
from tests.conftest import CONTENT

FOLDER = Path(__file__).parent
JUDGED = FOLDER / "judged.json"

AT_ONCE = 2
"""Runs on warm workers at a time."""


@dataclass(frozen=True)
class Solution:
    """One of the lines that somebody wrote for a hole."""

    file: str
    item: str
    verdict: str
    why: str
    lines: str

    def is_met_by(self, grade: Grade) -> bool:
        """Whether it was judged as it should be."""
        return grade.correct == (self.verdict == "right")

    def told(self, grade: Grade) -> str:
        """Whose lines they are, and what became of them."""
        what = grade.reason or "accepted"
        return f"{self.file}: {self.item}, {self.verdict} ({self.why.strip()}): {what}\n{self.lines}"


def solutions() -> list[Solution]:
    """All of them, in the order of the files."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        tables = tomllib.loads(path.read_text(encoding="utf-8"))["solution"]
        found += [Solution(path.name, **table) for table in tables]
    return found


@cache
def questions() -> dict[str, Question]:
    """Every code item of the built-in deck, as it is asked."""
    library = Library.open(CONTENT, None, all_kinds)
    entries = [library.entry(number) for number in library.by_number]
    return {
        item.key: Question(Card(entry.number, item.id, item.kind), entry, item, (), is_new=True, is_again=False)
        for entry in entries
        for item in entry.items
        if item.kind == "code"
    }


def judge(some: Sequence[Solution]) -> list[Grade]:
    """Their grades, from the very code that grades a learner's lines."""
    with Examiner(()) as judging, ThreadPoolExecutor(AT_ONCE) as pool:

        def graded(one: Solution) -> Grade:
            question = questions()[one.item]
            try:
                return KINDS["code"].grade(judging, question, one.lines)
            except KbError:  # the machine's doing: as a learner would, once more
                return KINDS["code"].grade(judging, question, one.lines)

        return list(pool.map(graded, some))


def judged() -> set[str]:
    """Digests of the solutions that are recorded as judged as they should be."""
    return set(json.loads(JUDGED.read_text(encoding="utf-8"))) if JUDGED.exists() else set()


def stamp(one: Solution) -> str:
    """Digest of all that the verdict on it hangs on."""
    question = questions()[one.item]
    snippet = question.entry.snippet
    assert snippet
    facts = [judges(), _graders(), public(torch_version()), snippet.source, one.item, *question.item.forbid]
    return digest(json.dumps([*facts, one.verdict, one.lines]))[:32]


@cache
def _graders() -> str:
    """Digest of the code by which the quiz grades lines, beside that which ``kb verify`` has in common with it."""
    found = sha256()
    for module in (script, quiz.grade, examiner, code):
        assert module.__file__
        found.update(Path(module.__file__).read_bytes() + b"\0")
    return found.hexdigest()
