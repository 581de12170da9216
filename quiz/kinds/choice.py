"""Choice: options of which one or several are right."""

from collections.abc import Collection, Iterator
from typing import Any

from kb.deck.kind import Draft, Trouble
from kb.deck.text import Block, Span
from kb.errors import KbError, Message
from kb.screen.keys import ENTER
from kb.screen.layout import Line, Style, pieces, wrap
from kb.screen.messages import Speech
from quiz.asking import Asking
from quiz.door import shown
from quiz.examiner import Examiner
from quiz.grade import Grade
from quiz.hints import Hint
from quiz.kinds.kind import QuizKind, Reply, option_texts
from quiz.options import LETTERS, letter_of, letters_of, place_of, range_of
from quiz.ratings import RATING_KEYS
from quiz.session import Question


class Choice(QuizKind):
    """A task list; the marks are the key. An answer is the places of the options as shown, ``1, 3``, which the learner
    knows by their letters."""

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
        if len(marks) > len(LETTERS):
            what = "item {id!r} has {count} options; {most} at most have a letter"
            yield line, Message(what, id=draft.id, count=len(marks), most=len(LETTERS))
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

    def ask(self, asking: Asking) -> Reply:
        question, board = asking.question, asking.board
        is_several, labels = _is_several(question), _labels(question)
        keys = [(range_of(len(labels)), "toggle" if is_several else "choose")]
        if is_several:
            keys.append(("Enter", "confirm"))
        asking.offer(*keys, labels=labels)
        while True:
            key = asking.key()
            if key == ENTER and is_several:
                if asking.attempt.marked:
                    break
                asking.tell(board.say("nothing is marked yet"))
            elif key in labels:
                if place_of(key) in asking.attempt.struck:
                    asking.tell(board.say("a hint struck {letter} out", letter=key))
                elif is_several:
                    self._toggle(asking, place_of(key))
                else:
                    asking.attempt.marked = {place_of(key)}
                    break
            elif key in RATING_KEYS:
                asking.tell(board.say("{key} is a rating; answer with a letter first", key=key))
            elif len(key) == 1 and key != " ":
                asking.tell(board.say("there is no option {key}; give {letters}", key=key, letters=keys[0][0]))
        given = _text(asking.attempt.marked)
        return Reply(given, self.grade(asking.examiner, question, given))

    def _toggle(self, asking: Asking, place: int) -> None:
        """Mark an option, or take its mark away, where it stands."""
        board, say = asking.board, asking.board.say
        asking.attempt.marked ^= {place}
        if board.out.can_redraw:
            board.paint(self.asked_lines(asking))
        else:
            marked = letters_of(_text(asking.attempt.marked))
            board.print([(say("marked: {letters}", letters=marked) if marked else say("nothing is marked yet"), "")])
        board.show_keys()

    def asked_lines(self, asking: Asking) -> list[Line]:
        lines = _option_lines(
            asking.question, asking.board.say, asking.style, asking.attempt.marked, asking.attempt.struck
        )
        if _is_several(asking.question):
            lines += wrap([(asking.board.say("choose all that apply"), "dim")], asking.style.width)
        return lines

    def question_lines(self, question: Question, say: Speech, style: Style) -> list[Line]:
        return _option_lines(question, say, style, (), ())

    def key_hints(self, examiner: Examiner, question: Question, say: Speech) -> Iterator[Hint]:
        """One wrong option after the other is struck out; one stays, and so do two options at least."""
        options, marks = question.item.wording(say.language).options, question.item.marks
        wrong = [place for place, option in enumerate(question.order, 1) if not marks[option]]
        for place in wrong[::-1][:-1]:
            text: Span = Span(f"{say('not {letter}', letter=letter_of(place))} · ")
            yield Hint((Block("paragraph", (text, *options[question.order[place - 1]])),), place)

    def grade_lines(
        self, question: Question, given: str, grade: Grade, solution: str, say: Speech, style: Style
    ) -> list[Line]:
        """What was chosen and what is right, with their letters: nobody need scroll up to see what was meant."""
        options = question.item.wording(say.language).options
        chosen, is_several = _places(given), _is_several(question)
        lines: list[Line] = []
        for place, option in enumerate(question.order, 1):
            is_right = question.item.marks[option]
            if not is_right and place not in chosen:
                continue
            if place not in chosen:
                mark, label = "○", say("not chosen, but right: ") if is_several else say("right answer: ")
            else:
                mark, label = "✓" if is_right else "✗", say("your answer: ")
            start: Line = [(f"{mark} {label}", "good" if is_right else "bad"), (f"{letter_of(place)} · ", "strong")]
            lines += wrap([*start, *pieces(options[option], style)], style.width)
        return lines

    def given_text(self, given: str) -> str:
        return letters_of(given)

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
    return LETTERS[: len(question.order)]


def _option_lines(
    question: Question, say: Speech, style: Style, marked: Collection[int], struck: Collection[int]
) -> list[Line]:
    """The options by their letters, with a box before each where several may be right."""
    options = question.item.wording(say.language).options
    lines: list[Line] = [[]]
    for place, option in enumerate(question.order, 1):
        box = ("[x] " if place in marked else "[ ] ") if _is_several(question) else ""
        if place in struck:
            text: Line = [
                (say("(struck out)"), "dim"),
                (" ", ""),
                *((one, "dim") for one, _ in pieces(options[option], style)),
            ]
        else:
            text = pieces(options[option], style)
        lines += wrap(text, style.width, f"  {box}{letter_of(place)}  ")
    return [*lines, []]


def _text(places: set[int]) -> str:
    return ", ".join(str(place) for place in sorted(places))


def _places(given: str) -> set[int]:
    return {int(word) if word.isdecimal() else place_of(word) for word in given.replace(",", " ").split()}
