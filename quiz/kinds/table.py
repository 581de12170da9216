"""The kinds of items: a new one is a class in a file of its own, and a name in here."""

from collections.abc import Mapping

from quiz.kinds.choice import Choice
from quiz.kinds.code import Code
from quiz.kinds.kind import QuizKind
from quiz.kinds.recall import Recall
from quiz.kinds.value import Answer, Predict

KINDS: Mapping[str, QuizKind] = {kind.name: kind for kind in (Choice(), Predict(), Answer(), Code(), Recall())}
"""By name, in the order in which an item is tried for them."""


def all_kinds() -> Mapping[str, QuizKind]:
    """All kinds by name: what a deck is opened with."""
    return KINDS
