"""A learner's log on the disk, made in a line."""

from collections.abc import Callable
from pathlib import Path

from quiz.log.event import Key, Review, answer_values, decode, encode
from quiz.log.log import Log
from quiz.schedule import DAY, Rating

NOW = 1_790_000_000.0
"""A day in September 2026: what the logs of these tests take the present for."""


def answer(item: str = "61/a", rating: Rating = Rating.GOOD, at: float = 0.0) -> Review:
    """A review with what does not matter filled in."""
    return Review(item, at, "choice", "1", rating > 1, rating, rating, 2.0)


def line(device: str, number: int, item: str = "61/a", rating: int = 3, at: float | None = None) -> bytes:
    """An answer's line; one a day if no time is given."""
    when = number * DAY if at is None else at
    return encode((device, number), when, "answer", answer_values(answer(item, Rating(rating), when)))


def key(raw: bytes) -> Key:
    """The key of a line's event."""
    return decode(raw).key


def open_log(
    home: Path,
    root: Path | None = None,
    deck: str = "small",
    on_notice: Callable[[str], None] = lambda _: None,
    now: float = NOW,
) -> Log:
    """The log that a machine with this home opens."""
    return Log(root or home / "progress", deck, home / "data", home / "cache", on_notice, lambda: now)


def lines_in(folder: Path) -> list[bytes]:
    """Every line of every log file in a folder of a deck."""
    return [one for path in sorted(folder.glob("*.jsonl")) for one in path.read_bytes().split(b"\n") if one]


def put(folder: Path, **files: list[bytes]) -> None:
    """Write log files: ``laptop=[line, line]``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in files.items():
        folder.joinpath(f"{name}.jsonl").write_bytes(b"".join(one + b"\n" for one in lines))
