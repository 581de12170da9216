"""Messages: whatever a program printed is explained, or not; nothing is raised."""

import json

from hypothesis import example, given

from kb.search.explain import MAX_LINE, MAX_MESSAGES, bare, explain, messages_in
from tests.fuzz.typing_strategies import TRACEBACKS
from tests.search.conftest import built_in


@given(TRACEBACKS)
@example("." * 16_000)
@example("~/" * 8_000)
@example("RuntimeError: " + "Error(" * 5_000)
def test_any_text_has_messages(text: str) -> None:
    """Few and short ones, each on one line, that lose nothing when they are made bare a second time."""
    found = messages_in(text)
    assert len(found) <= MAX_MESSAGES
    for message in found:
        assert len(message) <= MAX_LINE
        message.encode()
        assert len(bare(message)) <= len(message)


@given(TRACEBACKS)
@example("ValueError: " + "(" * 1_884 + "\n" + "tensor(" * 15)
def test_any_text_is_explained_or_not(text: str) -> None:
    """With shares between 0 and 1."""
    message, found = explain(built_in(), text, "en")
    json.dumps([message, [one.to_json("en") for one in found]], ensure_ascii=False).encode()
    assert message or not found
    assert all(0 < one.score <= 1 for one in found)
