"""Code: the missing lines of the entry's snippet, graded by running it with the learner's in their place."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from kb.deck.entry import Entry
from kb.deck.folder import SNIPPET
from kb.deck.item import Item
from kb.deck.kind import Draft, Trouble
from kb.deck.script import Snippet, parse_python
from kb.deck.text import bare_lines
from kb.errors import Message
from kb.run.runner import filled_job
from kb.screen.layout import Line, Style, code_lines, diff_lines, wrap
from kb.screen.messages import Speech
from kb.verify.form import syntax_error
from kb.verify.task import Expectation, Task, digest
from quiz.asking import Asking
from quiz.door import CODE_LIMIT
from quiz.examiner import Examiner, NoKey
from quiz.grade import Grade, grade_code
from quiz.hints import Hint, code_hints
from quiz.hole_facts import check_facts, place_facts
from quiz.kinds.kind import QuizKind, Reply
from quiz.pasted_code import take_lines
from quiz.session import Question

LEAST_RIGHT, LEAST_WRONG = 2, 3
"""How many solutions an item of a complete deck has."""

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*$")
"""A dotted name, as lines would call it."""

LINES_BEFORE, LINES_AFTER = 8, 12
"""Lines of the snippet that are shown around the hole."""


class Code(QuizKind):
    """Right and wrong solutions for a hole; every solution with which the snippet runs to its end is the key."""

    name = "code"
    key = "right"
    fences = ("right", "wrong")
    lists = ("forbid",)
    least = 1
    limit = CODE_LIMIT
    place = 3
    fills_hole = True
    is_run = True
    own_commands = "gew"

    def fits(self, draft: Draft) -> bool:
        return "right" in draft.scripts

    def complaints(self, draft: Draft) -> Trouble:
        if "wrong" in draft.scripts and "right" not in draft.scripts:
            what = "item {id!r} has wrong solutions and no right one; add python right blocks"
            yield draft.line, Message(what, id=draft.id)
        forbidding = draft.scripts.get("forbid", [])
        if forbidding and "right" not in draft.scripts:
            what = "item {id!r} has a text forbid block, and no lines are asked for; only a code item can forbid"
            yield draft.line, Message(what, id=draft.id)
        if len(forbidding) > 1:
            what = "item {id!r} has several {fence} blocks; put them into one"
            yield draft.line, Message(what, id=draft.id, fence="text forbid")
        if forbidding and not _names(forbidding[0]):
            what = "item {id!r} has an empty text forbid block; write one name a line, or take it out"
            yield draft.line, Message(what, id=draft.id)
        for name in _names(*forbidding):
            if not _NAME.match(name):
                what = "{name!r} in the text forbid block of {id!r} is no name; write one a line, as F.dropout"
                yield draft.line, Message(what, name=name, id=draft.id)

    def fields(self, draft: Draft) -> dict[str, Any]:
        solutions = {fence: tuple(draft.scripts.get(fence, ())) for fence in self.fences}
        return {**solutions, "forbid": _names(*draft.scripts.get("forbid", [])[:1])}

    def check(self, item: Item, entry: Entry, is_complete: bool) -> Trouble:
        snippet = entry.snippet
        if snippet is None or snippet.hole(item.id) is None:
            yield (
                item.line,
                Message(
                    "item {id!r} has no hole; mark it in {snippet} with # hole: {id} and # end",
                    id=item.id,
                    snippet=SNIPPET,
                ),
            )
        else:
            yield from self._check_solutions(item, snippet)
        for what, solutions, needed in (("right", item.right, LEAST_RIGHT), ("wrong", item.wrong, LEAST_WRONG)):
            if is_complete and len(solutions) < needed:
                yield (
                    item.line,
                    Message(
                        "item {id!r} has {count} {what} {count:solution|solutions}; {needed} are needed",
                        id=item.id,
                        count=len(solutions),
                        what=what,
                        needed=needed,
                    ),
                )

    def _check_solutions(self, item: Item, snippet: Snippet) -> Trouble:
        own = _bare(snippet.solution(item.id))
        seen: set[str] = set()
        for what, at, lines in _solutions(item):
            name = f"{what} solution {at} of {item.id!r}"
            if message := syntax_error(snippet.filled(item.id, lines)):
                yield item.line, Message("{name} is not Python: {message}", name=name, message=message)
            bare = _bare(lines)
            if bare in seen:
                yield item.line, Message("{name} stands there twice; change one", name=name)
            if bare == own:
                yield item.line, Message("{name} is the snippet's own; write another", name=name)
            seen.add(bare)

    def tasks(self, item: Item, snippet: Snippet | None, device: str) -> Iterator[Task]:
        if snippet is None or snippet.hole(item.id) is None:
            return
        for what, at, lines in _solutions(item):
            expects = Expectation.PASSES_IN_FULL if what == "right" else Expectation.FAILS_A_CHECK
            job = filled_job(snippet, item.id, lines, device, forbid=item.forbid)
            yield Task(item.entry, what, f"{item.id}:{at}", job, digest(lines), expects)

    def prepare(self, examiner: Examiner, question: Question) -> None:
        if question.entry.snippet:
            examiner.reference(question.item.entry, question.entry.snippet)

    def solution(self, examiner: Examiner, question: Question) -> str:
        return question.entry.snippet.solution(question.item.id) if question.entry.snippet else ""

    def grade(self, examiner: Examiner, question: Question, given: str) -> Grade:
        item, snippet = question.item, question.entry.snippet
        if snippet is None or snippet.hole(item.id) is None:
            raise _no_hole(item)
        reference, worker = examiner.reference(item.entry, snippet), examiner.warm()
        return examiner.stoppable(
            lambda is_stopped: grade_code(
                snippet, item.id, given, worker, reference.result, is_stopped, forbid=item.forbid
            )
        )

    def ask(self, asking: Asking) -> Reply:
        from quiz.code_asking import ask_code  # deferred: only an item of code needs all of it

        snippet = asking.question.entry.snippet
        hole = snippet.hole(asking.question.item.id) if snippet else None
        if snippet is None or hole is None:
            raise _no_hole(asking.question.item)
        return ask_code(asking, snippet, hole)

    def question_lines(self, question: Question, say: Speech, style: Style) -> list[Line]:
        """The snippet around the hole, with dots in its place."""
        snippet = question.entry.snippet
        hole = snippet.hole(question.item.id) if snippet else None
        if snippet is None or hole is None:
            return []
        lines = bare_lines(snippet.shown)
        # Never into another hole: its solution is another question's key.
        others = [other for other in snippet.holes if other.name != hole.name]
        first = max([0, hole.first - 1 - LINES_BEFORE, *(other.end + 1 for other in others if other.end < hole.first)])
        last = min(
            [len(lines), hole.end + 1 + LINES_AFTER, *(other.first - 1 for other in others if other.first > hole.end)]
        )
        shown = "\n".join([*lines[first : hole.first - 1], f"{hole.indent}...", *lines[hole.end + 1 : last]])
        place = say("your lines run here, in place of the dots")
        return [[], *code_lines(shown, "python", style), [], *wrap([(place, "dim")], style.width, "  ... ")]

    def key_hints(self, examiner: Examiner, question: Question, say: Speech) -> Iterator[Hint]:
        yield from code_hints(self.solution(examiner, question), say)

    def grade_lines(
        self, question: Question, given: str, grade: Grade, solution: str, say: Speech, style: Style
    ) -> list[Line]:
        """A solution; beside lines that did not pass, the way from them to it."""
        changes = diff_lines(given, solution, (say("your lines"), say("a solution")), style.width)
        if given.strip() and changes and not grade.correct:
            return changes
        lines: list[Line] = []
        if given.strip():
            lines += [[(say("your lines:"), "dim")], *code_lines(given, "python", style)]
        if changes:
            lines += [[(say("a solution:"), "dim")], *code_lines(solution, "python", style)]
        return lines

    def wire_facts(self, question: Question, language: str) -> dict[str, Any]:
        snippet = question.entry.snippet
        return place_facts(snippet, question.item.id) if snippet else {}

    def wire_outcome(self, question: Question, given: str, grade: Grade | None) -> dict[str, Any]:
        snippet = question.entry.snippet
        return {"check": check_facts(snippet, question.item.id, grade) if snippet else None}

    def wire_answer(self, question: Question, answer: Any) -> str:
        given, snippet = super().wire_answer(question, answer), question.entry.snippet
        if snippet is None or snippet.hole(question.item.id) is None:
            return given
        return take_lines(given, snippet, question.item.id).lines


def _no_hole(item: Item) -> NoKey:
    return NoKey(
        "item {key} has no hole in the snippet",
        "kb check tells more; kb show {entry}",
        key=item.key,
        entry=item.entry,
    )


def _solutions(item: Item) -> Iterator[tuple[str, int, str]]:
    """``right`` or ``wrong``, the number from 1, the lines."""
    for what, solutions in (("right", item.right), ("wrong", item.wrong)):
        for at, lines in enumerate(solutions, 1):
            yield what, at, lines


def _names(*blocks: str) -> tuple[str, ...]:
    """The names that blocks list, one a line."""
    return tuple(line.strip() for block in blocks for line in bare_lines(block) if line.strip())


def _bare(lines: str) -> str:
    """Solutions that differ in white space and comments alone are the same."""
    try:
        return ast.unparse(parse_python(f"def f():\n{re.sub('^', '    ', lines, flags=re.MULTILINE)}\n"))
    except (SyntaxError, RecursionError):
        return lines
