"""Choice: options of which one or several are right."""

from string import ascii_lowercase
from typing import Any

from kb.deck.kind import Draft, Trouble
from kb.errors import KbError, Message
from kb.screen.keys import ENTER
from kb.screen.layout import Line, Style, pieces, wrap
from kb.screen.messages import Speech
from quiz.asking import Asking
from quiz.door import shown
from quiz.examiner import Examiner
from quiz.grade import Grade
from quiz.kinds.kind import QuizKind, Reply, option_texts
from quiz.session import Question


class Choice(QuizKind):
    """A task list; the marks are the key. An answer is the places of the options as shown: ``1, 3``."""

    name = "choice"
    key = "a task list"
    least = 2
    wants_proof = True

    def fits(self, draft: Draft) -> bool:
        return draft.options is not None

    def complaints(self, draft: Draft) -> Trouble:
        if draft.options is None:
            return
        options = draft.options.children
        for option in options:
            if not option.info:
                yield option.line, Message("an option without [ ] or [x]; mark it")
            if len(option.children) != 1 or option.children[0].kind != "paragraph":
                yield option.line, Message("an option that is more than one paragraph; put the code into the question")
        marks = [option.info == "x" for option in options]
        texts = [option.children[0].text if option.children else "" for option in options]
        line = draft.options.line
        if len(marks) < 2:
            yield line, Message("item {id!r} has one option; give at least two", id=draft.id)
        if not any(marks):
            yield line, Message("item {id!r} has no right option; mark it [x]", id=draft.id)
        if all(marks) and len(marks) > 1:
            yield line, Message("item {id!r} has right options alone; add one that people wrongly believe", id=draft.id)
        if len(set(texts)) < len(texts):
            yield line, Message("item {id!r} has the same option twice; change one", id=draft.id)

    def fields(self, draft: Draft) -> dict[str, Any]:
        options = draft.options.children if draft.options else ()
        return {"marks": tuple(option.info == "x" for option in options)}

    def solution(self, examiner: Examiner, question: Question) -> str:
        marks = question.item.marks
        return ", ".join(str(place) for place, option in enumerate(question.order, 1) if marks[option])

    def grade(self, examiner: Examiner, question: Question, given: str) -> Grade:
        chosen = {question.order[place - 1] for place in _places(given)}
        return Grade(chosen == {at for at, is_right in enumerate(question.item.marks) if is_right})

    def ask(self, asking: Asking) -> Reply | None:
        question, board = asking.question, asking.board
        count = len(question.order)
        is_several = sum(question.item.marks) > 1

        def show_both() -> None:
            asking.show_question()
            if is_several:
                board.print([(board.say("choose all that apply"), "dim")])

        keys = [(f"1-{count}", "toggle" if is_several else "choose")]
        if is_several:
            keys.append(("Enter", "confirm"))
            board.scene = show_both
            board.print([(board.say("choose all that apply"), "dim")])
        board.keys(*keys, ("h", "hint"), ("s", "skip"), ("l", "language"), ("?", "help"), ("q", "quit"))
        chosen: set[int] = set()
        while True:
            key = asking.key()
            if key == "s":
                return None
            if key == "h":
                asking.show_hint()
                board.show_keys()
            elif key.isdecimal() and 1 <= int(key) <= count:
                chosen ^= {int(key)}
                if not is_several:
                    break
                board.overwrite("  " + " ".join(str(place) for place in sorted(chosen)))
            elif key == ENTER and chosen:
                board.print([])
                break
        given = _text(chosen)
        return Reply(given, self.grade(asking.examiner, question, given))

    def question_lines(self, question: Question, say: Speech, style: Style) -> list[Line]:
        options = question.item.wording(say.language).options
        lines: list[Line] = [[]]
        for place, option in enumerate(question.order, 1):
            lines += wrap(pieces(options[option], style), style.width, f"  {place}  ")
        return lines

    def grade_lines(
        self, question: Question, given: str, grade: Grade, solution: str, say: Speech, style: Style
    ) -> list[Line]:
        """What was chosen and what is right, with their places: nobody need scroll up to see what was meant."""
        options = question.item.wording(say.language).options
        chosen = _places(given)
        lines: list[Line] = []
        for place, option in enumerate(question.order, 1):
            is_right = question.item.marks[option]
            if is_right or place in chosen:
                label = say("right answer: ") if is_right else say("your answer: ")
                start: Line = [(label, "good" if is_right else "bad"), (f"{place} · ", "strong")]
                lines += wrap([*start, *pieces(options[option], style)], style.width)
        return lines

    def wire_facts(self, question: Question, language: str) -> dict[str, Any]:
        return {
            "options": option_texts(question, language),
            "labels": list(_labels(question)),
            "several": _is_several(question),
        }

    def wire_outcome(self, question: Question, given: str, grade: Grade | None) -> dict[str, Any]:
        return {"chosen": sorted(_places(given))}

    def wire_key(self, question: Question) -> dict[str, Any]:
        marks = question.item.marks
        return {"right": [place for place, option in enumerate(question.order, 1) if marks[option]]}

    def wire_answer(self, question: Question, answer: Any) -> str:
        """Places from 1, as numbers, or labels, as texts; several in a list."""
        labels = _labels(question)
        known = dict(enumerate(labels, 1))
        place_of: dict[object, int] = {name: place for place, label in known.items() for name in (place, label)}
        given = answer if isinstance(answer, list) else [answer]
        found = [place_of.get(_name(one)) for one in given]
        places = {place for place in found if place is not None}
        if not found or None in found:
            raise KbError(
                "{answer} names no option",
                "give numbers from 1 to {count}, or letters from {first} to {last}",
                answer=shown(answer),
                count=len(labels),
                first=labels[0],
                last=labels[-1],
            )
        if len(places) > 1 and not _is_several(question):
            raise KbError("{answer} names several options, and one is right", "give one", answer=shown(answer))
        return _text(places)


def _name(one: Any) -> int | str | None:
    """What an option may be called by; None of what is neither a whole number nor a text."""
    return one.strip().lower() if isinstance(one, str) else one if type(one) is int else None


def _is_several(question: Question) -> bool:
    return sum(question.item.marks) > 1


def _labels(question: Question) -> str:
    """The letters of the options, in the order in which they are shown."""
    return ascii_lowercase[: len(question.order)]


def _text(places: set[int]) -> str:
    return ", ".join(str(place) for place in sorted(places))


def _places(given: str) -> set[int]:
    return {int(word) for word in given.replace(",", " ").split()}
