"""Reset: progress forgotten on request, with a copy kept."""

from pathlib import Path

from quiz.desk import Desk
from quiz.progress import Review


def chosen_reviews(desk: Desk, words: list[str]) -> list[Review]:
    """The answers that count: to the entries that words name, or all of them."""
    if not desk.places.progress.exists():
        return []
    numbers = set(desk.entries_for(words))
    return [one for one in desk.progress.reviews() if not words or int(one.item.partition("/")[0]) in numbers]


def forget(desk: Desk, words: list[str], now: float) -> Path:
    """Take answers back: to the entries that words name, or all of them.

    Args:
        desk: where the progress is.
        words: numbers or words; all if empty.
        now: seconds since 1970.

    Returns:
        A copy of the log as it was before.
    """
    progress = desk.progress
    kept = progress.keep_copy()
    progress.undo_all([one.id for one in chosen_reviews(desk, words)], now)
    return kept
