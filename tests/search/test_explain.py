"""Explain: from what a program printed to the entries that explain it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.search.explain import MAX_MESSAGES, bare, explain, messages_in
from kb.search.searcher import Searcher
from tests.search.conftest import built_in

TRACEBACK = """Epoch 1 loss 0.5
Traceback (most recent call last):
  File "/home/me/train.py", line 12, in <module>
    main()
  File "/home/me/lib/torch/nn/x.py", line 99, in forward
    return y.mean()
RuntimeError: mixed device index 17 is out of range
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TRACEBACK, ["RuntimeError: mixed device index 17 is out of range"]),
        ("ValueError: a\n\nDuring handling:\n\nKeyError: b\n", ["KeyError: b", "ValueError: a"]),
        ("ValueError: a\n  goes on\n\nelse", ["ValueError: a goes on"]),
        ("\x1b[31mValueError\x1b[0m: a", ["ValueError: a"]),
        ("ValueError: a\nValueError: a", ["ValueError: a"]),
        ("torch.cuda.OutOfMemoryError: CUDA", ["torch.cuda.OutOfMemoryError: CUDA"]),
        ("one\n\ntwo\nthree\nfour", ["two three four"]),
        ("", []),
        (" \n\t\n", []),
    ],
)
def test_messages(text: str, expected: list[str]) -> None:
    """The last first, each once, with the lines that go on below; a text without any is one itself."""
    assert expected == messages_in(text)


def test_messages_are_bounded() -> None:
    """A log of thousands gives its last ones."""
    found = messages_in("\n".join(f"ValueError: number {number}" for number in range(3000)))
    assert (MAX_MESSAGES, "ValueError: number 2999") == (len(found), found[0])


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("index 17 is out of range", "index is out of range"),
        ("at 0x7f3a", "at"),
        ("in /home/me/train.py here", "in here"),
        ("conv1 weighs 2.5e-3", "conv1 weighs"),
    ],
)
def test_bare_message(message: str, expected: str) -> None:
    """Without numbers, addresses, paths; digits of names stay."""
    assert expected == bare(message)


def test_known_message_names_its_entry(searcher: Searcher) -> None:
    """Whatever the numbers and paths around it; all its words were printed."""
    message, (one, *_) = explain(searcher, TRACEBACK, "en")
    assert "RuntimeError: mixed device index 17 is out of range" == message
    assert (62, 1.0, "mixed device index 3 is out of range") == (one.summary.number, one.score, one.error)


def test_entries_whose_text_holds_the_words(searcher: Searcher) -> None:
    """Where no message is known; none is named."""
    _, (one, *_) = explain(searcher, "RuntimeError: the hidden transformer kept its state", "en")
    assert (62, "") == (one.summary.number, one.error)
    assert any("Transformer" in passage.text for passage in one.passages)


def test_nothing_fits(searcher: Searcher) -> None:
    """The message is told all the same."""
    assert ("KeyError: 'learning_rate'", []) == explain(searcher, "KeyError: 'learning_rate'", "en")


def test_every_error_of_the_deck_is_explained_by_its_entry() -> None:
    """Each message of each entry, in a traceback, with other numbers."""
    for summary in built_in().library.summaries:
        for error in summary.errors:
            text = TRACEBACK.rpartition("RuntimeError")[0] + "RuntimeError: " + error.replace("4", "7") + "\n"
            message, found = explain(built_in(), text, "en", limit=5)
            assert summary.number in [one.summary.number for one in found], (error, message)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet='Error: \nTraceback File"x", line 1\x1b[0m/0x', max_size=200))
def test_any_text_can_be_explained(text: str) -> None:
    """Never an error."""
    explain(built_in(), text, "en")
