"""The kinds of items: a new one is a class in a file of its own, and its name in here."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from kb.deck.kind_loading import LoadKinds
from quiz.kinds.choice import Choice
from quiz.kinds.code import Code
from quiz.kinds.kind import QuizKind
from quiz.kinds.recall import Recall
from quiz.kinds.value import Answer, Predict

KINDS: Mapping[str, QuizKind] = {kind.name: kind for kind in (Choice(), Predict(), Answer(), Code(), Recall())}
"""By name, in the order in which an item is tried for them."""


all_kinds = LoadKinds(lambda: KINDS, str(Path(__file__).parent))
"""What a deck is opened with."""


def is_any_run(names: Iterable[str]) -> bool:
    """Whether answers of any of these kinds are graded by running them."""
    return any(KINDS[name].is_run for name in names)
