"""Ratings on the screen: their names, the same everywhere, and when each lets an item come again."""

from collections.abc import Mapping

from kb.errors import Message
from kb.screen.layout import Line, wrap
from kb.screen.messages import Speech, time_message, time_text
from quiz.schedule import Rating
from quiz.session import Answered

RATINGS = {Rating.AGAIN: "again", Rating.HARD: "hard", Rating.GOOD: "good", Rating.EASY: "easy"}
"""What the ratings are called."""

RATING_KEYS = tuple(str(int(rating)) for rating in Rating)
"""The keys that rate."""

SOON = "in this session"


def name_of(rating: Rating) -> Message:
    """What a rating is called."""
    return Message(RATINGS[rating])


def rating_keys(waits: Mapping[Rating, float | None]) -> list[tuple[str, str]]:
    """A key for each rating, with the time after which the item then comes again.

    Args:
        waits: seconds by rating; None where it comes again in this session.
    """
    return [
        (
            str(int(rating)),
            Message(
                "{rating} ({time})", rating=name_of(rating), time=Message(SOON) if wait is None else time_message(wait)
            ),
        )
        for rating, wait in waits.items()
    ]


def next_lines(last: Answered, comes_again: bool, now: float, say: Speech, width: int) -> list[Line]:
    """When the item of an answer comes again.

    Args:
        last: the answer.
        comes_again: whether it is asked once more in this session.
        now: seconds since 1970.
        say: the reader's language.
        width: cells.
    """
    time, rating = time_text(last.memory.due - now, say), name_of(last.review.rating)
    text = say("next review in {time} (rated {rating})", time=time, rating=rating)
    lines = wrap([(text, "dim")], width)
    return [*wrap([(say("it is asked once more in this session"), "dim")], width), *lines] if comes_again else lines
