"""Recall: the title asks, the gist answers, and the learner says how well it was known."""

from typing import Any

from kb.deck.item import RECALL
from kb.deck.kind import Draft
from kb.errors import KbError
from kb.screen.keys import ENTER
from kb.screen.layout import Line, Style, lay_out
from kb.screen.messages import Speech
from quiz.asking import Asking
from quiz.door import shown
from quiz.kinds.kind import QuizKind, Reply
from quiz.schedule import Rating
from quiz.session import Question

RATINGS = (("1", "not at all"), ("2", "barely"), ("3", "well"), ("4", "easily"))
"""Keys, and what they say."""


class Recall(QuizKind):
    """Nothing but text. One exists for every entry without being written."""

    name = RECALL
    shows_title = False

    def fits(self, draft: Draft) -> bool:
        return not draft.keyed

    def ask(self, asking: Asking) -> Reply | None:
        board, question = asking.board, asking.question

        def ask() -> None:
            board.print([(board.say("Recall the answer, then press a key."), "dim")])

        def show_card() -> None:
            asking.show_question()
            ask()

        board.scene = show_card
        ask()
        board.keys(("Enter", "next"), ("s", "skip"), ("l", "language"), ("?", "help"), ("q", "quit"))
        while (key := asking.key()) != ENTER and len(key) > 1:
            pass  # any character goes on; an arrow, or a key of which nobody knows where it is, does not
        if key == "s":
            return None

        def show_gist() -> None:
            board.show(lay_out(question.item.wording(board.say.language).explanation, asking.style))
            board.print([], [(board.say("how well did you know it?"), "strong")])

        def show_both() -> None:
            asking.show_question()
            show_gist()

        board.scene = show_both
        show_gist()
        board.keys(*RATINGS, ("o", "open the entry"), ("r", "run the proof"), ("q", "quit"))
        while (key := asking.key()) not in dict(RATINGS):
            if key == "r":
                asking.run_proof()
                board.show_keys()
        return Reply(key, rating=Rating(int(key)))

    def hint_lines(self, question: Question, count: int, say: Speech, style: Style) -> list[Line]:
        """None: the gist is the answer."""
        return []

    def wire_answer(self, question: Question, answer: Any) -> str:
        if type(answer) is not int or not 1 <= answer <= 4:
            raise KbError("{answer} is no rating", "give 1 (not at all) to 4 (easily)", answer=shown(answer))
        return str(answer)

    def own_rating(self, given: str) -> Rating | None:
        return Rating(int(given))
