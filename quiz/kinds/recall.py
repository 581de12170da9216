"""Recall: the title asks, the gist answers, and the learner says how well it was known."""

from collections.abc import Iterator
from typing import Any

from kb.deck.item import RECALL
from kb.deck.kind import Draft
from kb.errors import KbError
from kb.screen.keys import ENTER
from kb.screen.layout import Line, lay_out, wrap
from kb.screen.messages import Speech
from quiz.asking import Asking
from quiz.commands import Moment
from quiz.door import shown
from quiz.examiner import Examiner
from quiz.hints import Hint, beginning_of, sections_hint
from quiz.kinds.kind import QuizKind, Reply
from quiz.ratings import RATING_KEYS, rating_keys
from quiz.schedule import Rating
from quiz.session import Question


class Recall(QuizKind):
    """Nothing but text. One exists for every entry without being written."""

    name = RECALL
    shows_title = False
    own_commands = ""

    def fits(self, draft: Draft) -> bool:
        return not draft.keyed

    def hints(self, examiner: Examiner, question: Question, say: Speech) -> Iterator[Hint]:
        """What the entry is made of, and how the answer begins: an entry's gist is its card's answer."""
        yield from sections_hint(question, say)
        yield from beginning_of(question.item.wording(say.language).explanation, say)

    def asked_lines(self, asking: Asking) -> list[Line]:
        text = asking.board.say("Recall the answer, then press Enter.")
        return [[], *wrap([(text, "dim")], asking.style.width)] if asking.moment is Moment.BEFORE else [[]]

    def ask(self, asking: Asking) -> Reply:
        board, question = asking.board, asking.question
        asking.offer(("Enter", "see the answer"))
        while (key := asking.key()) not in (ENTER, " "):
            if key in RATING_KEYS:
                asking.tell(board.say("{key} is a rating; see the answer first", key=key))
            elif len(key) == 1:
                asking.tell(board.say("{key} does nothing here; ? names what does", key=key))

        def show_gist() -> None:
            board.show(lay_out(question.item.wording(board.say.language).explanation, asking.style))

        def ask_how_well() -> None:
            board.print([], [(board.say("how well did you know it?"), "strong")])

        def show_both() -> None:
            asking.show_question()
            show_gist()
            ask_how_well()

        asking.moment = Moment.AFTER
        board.scene = show_both
        show_gist()
        board.settle(may_repeat=False)
        ask_how_well()
        asking.offer(*rating_keys(asking.session.waits(question)))
        while (key := asking.key()) not in RATING_KEYS:
            if len(key) == 1:
                asking.tell(board.say("{key} does nothing here; ? names what does", key=key))
        return Reply(key, rating=Rating(int(key)))

    def wire_answer(self, question: Question, answer: Any) -> str:
        if type(answer) is not int or not 1 <= answer <= 4:
            raise KbError("{answer} is no rating", "give 1 (again) to 4 (easy)", answer=shown(answer))
        return str(answer)

    def own_rating(self, given: str) -> Rating | None:
        return Rating(int(given))
