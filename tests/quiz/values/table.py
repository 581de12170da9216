"""The table of typed answers: a text file that people read, as cases."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from quiz.values.asked import Asked
from quiz.values.verdict import Verdict

TABLE = Path(__file__).with_name("answers.txt")


class Case(NamedTuple):
    """One typed answer."""

    line: int
    key: str
    asked: Asked
    typed: str
    verdict: Verdict


def cases() -> Iterator[Case]:
    """The table's cases in order."""
    key, asked = "", Asked()
    for number, line in enumerate(TABLE.read_text(encoding="utf-8").splitlines(), 1):
        word, colon, text = line.partition(": ")
        if not line.strip() or line.startswith("#"):
            continue
        assert colon, f"line {number} is none of the table's: {line}"
        match word:
            case "key":
                key, asked = text, Asked()
            case "question":
                asked = Asked(text, asked.code, asked.is_code_shown)
            case "code" | "shown":
                asked = Asked(asked.question, text.replace(r"\n", "\n"), word == "shown")
            case _:
                yield Case(number, key, asked, text, Verdict[word.upper()])
