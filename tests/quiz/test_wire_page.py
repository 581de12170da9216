"""The page on the wire says what the program does: every verb, event and field, and none besides."""

import re
from pathlib import Path

import pytest

from quiz.wire_events import EVENTS, SCHEMA
from quiz.wire_lines import BESIDE, VERBS
from tests.conftest import ROOT
from tests.quiz.wire_client import RIGHT, Client

LANGUAGES = ("en", "zh")


def page(language: str) -> str:
    """The page's text."""
    return (ROOT / "kb" / "cli" / "topics" / f"wire.{language}.md").read_text(encoding="utf-8")


def described(language: str) -> dict[str, list[str]]:
    """Every event that a page describes, with the fields in the first column of its table."""
    found: dict[str, list[str]] = {}
    for section in page(language).split("\n### ")[1:]:
        rows = re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE)
        found[section.splitlines()[0].strip("`")] = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_event_and_field_stands_in_the_page(language: str) -> None:
    """What may be sent is what is described, each once."""
    pages = described(language)
    assert {event: sorted(fields) for event, fields in EVENTS.items()} == {
        event: sorted(fields) for event, fields in pages.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_verb_stands_in_the_page(language: str) -> None:
    """What may come in, and what may stand beside it."""
    section = page(language).split("\n## ")[1]
    lines = [cell for row in section.splitlines() if row.startswith("| `") for cell in re.findall(r"`(\{.*?\})`", row)]
    assert {*VERBS, *BESIDE} == {name for line in lines for name in re.findall(r'"(\w+)":', line)}


def test_pages_in_all_languages_are_alike() -> None:
    """The same headings' names, lines to send and fields, in the same order."""

    def names(language: str) -> list[str]:
        return [code for code in re.findall(r"`([^`\n]+)`", page(language)) if "/id" not in code]

    assert sorted(set(names("en"))) == sorted(set(names("zh")))
    assert described("en") == described("zh")
    assert f"`schema`, which is {SCHEMA} " in page("en")
    assert f"值为 {SCHEMA} 的 `schema`" in page("zh")


def test_every_field_that_is_described_is_sent(deck: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One session in which everything happens."""
    monkeypatch.setenv("KB_DECK", str(deck))
    wire = Client("61")
    for _ in range(6):
        question = wire.hear("question")
        if question["kind"] == "choice":
            wire.ask("hint", hint=True)
            wire.ask("tried", answer=question["options"].index("2") + 1 if "2" in question["options"] else "b", **TRY)
        if question["kind"] == "code":
            wire.ask("tried", answer="return sum(values)", **TRY)
            wire.say(answer="while True: pass")
            wire.say(cancel=True)
            wire.hear("cancelled")
        wire.ask("grade", answer=RIGHT[question["item"]](question))
    wire.hear("done")
    wire.ask("proof", proof=True)
    wire.ask("rated", rating=4)
    wire.ask("undone", undo=True)
    wire.hear("question")
    wire.ask("redone", redo=True)
    wire.hear("done")
    wire.ask("marked", flag=True)
    wire.ask("error", redo=True)
    wire.leave()
    assert {event: {*fields, "schema", "event"} for event, fields in EVENTS.items()} == wire.heard


TRY = {"try": True}
