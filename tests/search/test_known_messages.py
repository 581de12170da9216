"""Known messages: a deck's file of them, and the wordings in it."""

import re
from pathlib import Path

import pytest

from kb.deck.manifest import read_deck
from kb.search.known_messages import KnownMessage, Role, open_messages, read_messages
from kb.search.message_pattern import BadPattern, read_pattern, starts_expression, wording_of
from tests.conftest import CONTENT
from tests.search.conftest import opened

GOOD = """
[[message]]
id = "a-b"
patterns = ["size {n:int} of 'x' is {shape:shape}"]
entries = [61]
cause = { en = "{n}", zh = "{n}" }
check = { en = "b", zh = "b" }
cure = { en = "c", zh = "c" }
"""


def complaints(deck: Path, text: str) -> list[str]:
    """What is wrong with a file of messages."""
    (deck / "messages.toml").write_text(text)
    return [str(one.message) for one in read_messages(read_deck(deck)[0])[1]]


def test_a_good_file(small: Path) -> None:
    """Gives its messages, also from the cache, and again when it changes."""
    assert complaints(small, GOOD) == []
    library = opened(small).library
    for _ in range(2):
        (one,) = open_messages(library.deck, library.cache)
        assert (one.id, one.role, one.entries) == ("a-b", Role.ERROR, (61,))
        assert one.told("zh", {"n": "3"}) == {"cause": "3", "check": "b", "cure": "c"}
        assert one.told("fr", {})["cause"] == "X"
    (small / "messages.toml").write_text("")
    assert open_messages(library.deck, library.cache) == []
    (small / "messages.toml").unlink()
    assert open_messages(library.deck, library.cache) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (('id = "a-b"', 'id = "A b"'), "no id of small letters"),
        (('id = "a-b"', 'id = "a-b"\nodd = 1'), "unknown key 'odd'"),
        (("size {n:int}", "{n:int} size"), "does not begin with a word"),
        (("{n:int}", "{n:intt}"), "no kind of slot"),
        (("{n:int}", "{1:int}"), "no name for a slot"),
        (('["size', '[3, "size'), "no text"),
        (("entries = [61]", "entries = [1234567]"), "no chapter"),
        (("entries = [61]", 'entries = ["61"]'), "no list of numbers"),
        (("entries = [61]", 'role = "fatal"'), "no role 'fatal'"),
        (('cause = { en = "{n}", zh = "{n}" }', 'cause = { en = "{n}" }'), "no cause in zh"),
        (('cause = { en = "{n}"', 'cause = { en = "{m}"'), "the slot m, which a wording lacks"),
        (("entries = [61]", "example = 3"), "example is no text"),
        (("entries = [61]", 'generic = "yes"'), "generic is neither true nor false"),
        (("patterns = [", "patterns = [] #"), "no wording"),
        (("[[message]]", "[other]\n[[message]]"), "unknown key 'other'"),
        (("[[message]]", GOOD + "[[message]]"), "another message of that id"),
        (("[[message]]", "[[[message"), "cannot be read"),
    ],
)
def test_a_bad_file(small: Path, change: tuple[str, str], expected: str) -> None:
    """Each mistake is told, with the message's name; nothing is raised."""
    if "chapter" in expected:
        toml = (small / "deck.toml").read_text()
        assert "[[chapters]]" in toml
    found = complaints(small, GOOD.replace(*change, 1))
    assert any(expected in one for one in found), found


@pytest.mark.parametrize(
    ("slots", "told"),
    [
        ({}, ("No block: the batch.", "is it X?", "X, or Y.")),
        ({"size": "3", "b": "4"}, ("No block of 3: the batch.", "is it 4?", "4, or X.")),
        ({"size": "3"}, ("No block of 3: the batch.", "is it X?", "X, or Y.")),
    ],
)
def test_what_nobody_said_leaves_no_hole(slots: dict[str, str], told: tuple[str, ...]) -> None:
    """A piece that speaks of it alone is left out; elsewhere a letter stands for it, the same one everywhere."""
    said = {"cause": "No block[[ of {size}]]: the batch.", "check": "is it {b}?", "cure": "{b}, or {a}."}
    one = KnownMessage("a", (), Role.ERROR, (), {"en": said})
    assert tuple(one.told("en", slots).values()) == told


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_known_message_is_told_with_a_hole(language: str) -> None:
    """Of no slot a value: nothing stands open."""
    for one in read_messages(read_deck(CONTENT)[0])[0]:
        told = " ".join(one.told(language, {}).values())
        assert not re.search(r"\{\w+\}|\]\]:", told), one.id


@pytest.mark.parametrize(
    ("wording", "text", "slots"),
    [
        ("a {n:int} b", "a -3 b", {"n": "-3"}),
        ("a {n:number}", "a 1.5e-3", {"n": "1.5e-3"}),
        ("of {s:shape} is", "of [1, 2, 3] is", {"s": "[1, 2, 3]"}),
        ("of {s:shape} is", "of (4,) is", {"s": "(4,)"}),
        ("on {d:name}", "on cuda:0, x", {"d": "cuda:0"}),
        ("got {rest:line}", "got it, and more\nno", {"rest": "it, and more"}),
        ("got {last}", "got this that", {"last": "this"}),
        ("key '{k}' is", "key “a b” is", {"k": "a b"}),
        ("a {n:int} and {n:int}", "a 3 and 3", {"n": "3"}),
        ("a {} b", "a anything b", {}),
        ("a b", "a \n\t b", {}),
    ],
)
def test_slots(wording: str, text: str, slots: dict[str, str]) -> None:
    """What each kind holds."""
    match = re.match(read_pattern(wording).expression, text)
    assert match
    assert match.groupdict() == slots


@pytest.mark.parametrize(
    ("wording", "text"), [("a {n:int} and {n:int}", "a 3 and 4"), ("a b", "ab"), ("a {x} b", "a\nb")]
)
def test_what_does_not_fit(wording: str, text: str) -> None:
    """Another value in a slot of the same name; no space; another line."""
    assert not re.match(read_pattern(wording).expression, text)


@pytest.mark.parametrize("wording", ["", "  ", "{x} a", "-3 a", "a {x:y}"])
def test_no_pattern(wording: str) -> None:
    """Told as an author's mistake."""
    with pytest.raises(BadPattern):
        read_pattern(wording)


def test_a_message_as_a_wording() -> None:
    """Its numbers are slots, braces are left out; what comes before its first word too."""
    assert wording_of("[Errno 2] size 3 of conv2d is {x}") == "Errno {:int}] size {:int} of conv2d is x"
    assert wording_of("12 / 34") == ""


def test_first_words_at_once() -> None:
    """Each whole, the longer ones first."""
    words = ["size", "sizes", "a", "ab", "Given", "张量"]
    found = re.compile(starts_expression(map(read_pattern, words)))
    assert all(found.fullmatch(word) for word in words)
    assert not found.fullmatch("siz")
    assert [one[0] for one in found.finditer("sizes size sized a")] == ["sizes", "size", "a"]


@pytest.mark.parametrize(
    ("wording", "fits", "others"),
    [
        ("size mismatch for {key}", ["size mismatch", "size\n    mismatch"], ["size of", "size", "size 3"]),
        ("size {wanted:shape} is invalid", ["size [3, 4]", "size (3)"], ["size 3", "size of"]),
        ("index {:int} is out", ["index 3", "index -1"], ["index of"]),
        ("module 'torch' has", ["module 'torch", "module “torch"], ["module torch"]),
        ("size {what} is", ["size of", "size 3", "size"], ["sizes"]),
        ("Expected", ["Expected", "Expected x"], ["expected"]),
    ],
)
def test_what_follows_a_first_word(wording: str, fits: list[str], others: list[str]) -> None:
    """A place where a wording cannot go on is passed over at once."""
    found = re.compile(starts_expression([read_pattern(wording)]))
    assert all(found.match(text) for text in fits)
    assert not any(found.match(text) for text in others)
