"""Messages: whatever a program printed is explained, or not; nothing is raised."""

import json

from hypothesis import example, given
from hypothesis.strategies import binary

from kb.search.explain import Explainer, bare
from kb.search.log_text import LogText, decoded
from kb.search.message_scan import MAX_SHOWN
from tests.fuzz.typing_strategies import TRACEBACKS
from tests.search.conftest import built_in


@given(TRACEBACKS)
@example("." * 16_000)
@example("~/" * 8_000)
@example("RuntimeError: " + "Error(" * 5_000)
@example("ValueError: " + "(" * 1_884 + "\n" + "tensor(" * 15)
def test_any_text_is_explained_or_not(text: str) -> None:
    """What is found stands on one line each, and can be given to a program."""
    found = Explainer(built_in()).explain(text, "en")
    json.dumps(found.to_json("zh"), ensure_ascii=False).encode()
    assert found.root or not (found.explained or found.guesses)
    for one in found.explained:
        assert len(one.message) < 2 * MAX_SHOWN
        assert "\n" not in one.message
        assert 1 <= one.line <= len(text.splitlines()) + text.count("\r") + 1
        assert len(bare(one.message)) <= len(one.message)


@given(TRACEBACKS)
def test_lines_keep_their_numbers(text: str) -> None:
    """Whatever is taken off their heads."""
    log = LogText(text)
    assert len(log.text.split("\n")) == len(log.printed_lines)
    assert log.line_of(len(log.text)) == len(log.printed_lines) - 1


@given(binary(max_size=3000))
@example(b"\xff\xfe")
@example(b"\0" * 999)
def test_any_bytes_are_a_text(data: bytes) -> None:
    """Of some encoding."""
    decoded(data).encode("utf-8", "surrogatepass")
