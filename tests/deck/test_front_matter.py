"""Front matter: a wrong value costs its own key, and has its complaint."""

from pathlib import Path

import pytest

from kb.deck.front_matter import Front, read_front
from kb.deck.manifest import Deck
from kb.errors import Message

DECK = Deck(Path("deck"), "strict", {}, ("en",), {"training": {"en": "training"}}, ())
SOUND = {
    "area": "training",
    "level": "3",
    "tags": "[a, b]",
    "related": "[62]",
    "aliases": "[c]",
    "errors": '["one\\nline"]',
}
FRONT = Front("training", 3, ("a", "b"), (62,), ("c",), ("one\nline",))


def read(raw: str, deck: Deck = DECK) -> tuple[Front, list[str]]:
    """The front matter and ``line: message`` of every complaint."""
    found: list[str] = []

    def complain(line: int, message: str, /, **values: object) -> None:
        found.append(f"{line}: {Message(message, **values)}")

    return read_front(raw, deck, complain), found


def written(**values: str) -> str:
    """A sound front matter with some other values."""
    return "".join(f"{key}: {value}\n" for key, value in {**SOUND, **values}.items())


def test_sound_values() -> None:
    """Nothing is said of them."""
    assert (FRONT, []) == read(written())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("[training]", "'[training]'"),
        ("", "None"),
        ("true", "True"),
        ("7", "7"),
        (".nan", "nan"),
        ("2020-01-01", "datetime.date(2020, 1, 1)"),
        ("2020-02-30", "'2020-02-30'"),
        ("{a: b}", "'{a: b}'"),
        ("!!binary aGk=", "b'hi'"),
        ("!!python/object:os.system x", "'!!python/object:os.system x'"),
        ("&a [*a]", "'&a [*a]'"),
        ("9" * 5_000, f"'{'9' * 60}...'"),
        ("x" * 5_000, f"'{'x' * 60}...'"),
    ],
)
def test_area_of_another_type(value: str, shown: str) -> None:
    """It is told as it is written, and the other keys stay."""
    front, found = read(written(area=value))
    assert [f"2: unknown area {shown}; the deck's are training"] == found
    assert (3, ("a", "b"), (62,)) == (front.level, front.tags, front.related)


@pytest.mark.parametrize("value", ["[training]", "true", "1", "2020-01-01", "&a [*a]"])
def test_area_where_the_deck_has_none(value: str) -> None:
    """Any text will do, and nothing else."""
    front, found = read(written(area=value), DECK._replace(areas={}))
    assert "" == front.area
    assert len(found) == 1
    assert "in area; give texts" in found[0]
    assert "anything" == read(written(area="anything"), DECK._replace(areas={}))[0].area


@pytest.mark.parametrize("value", ["0", "4", "true", "1.0", "[1]", "", "'1'", "9" * 400, "9" * 5_000, "!!int x"])
def test_level_of_another_type(value: str) -> None:
    """The middle one stands for it."""
    front, found = read(written(level=value))
    assert (FRONT.tags, 2) == (front.tags, front.level)
    assert len(found) == 1
    assert found[0].startswith("3: level is ")
    assert len(found[0]) < 500


@pytest.mark.parametrize(
    ("key", "value", "kept", "complaint"),
    [
        ("tags", "a", (), "4: tags is no list; write [one, two]"),
        ("tags", "{a: b}", (), "4: tags is no list; write [one, two]"),
        ("tags", "[a, 1, b]", ("a", "b"), "4: 1 in tags; give texts (quote what looks like a number)"),
        ("tags", "[a, null]", ("a",), "4: None in tags; give texts (quote what looks like a number)"),
        ("tags", "[a, [b]]", ("a",), "4: '[b]' in tags; give texts (quote what looks like a number)"),
        ("tags", "[a, a]", ("a",), "4: tags names something twice; once is enough"),
        ("tags", '["a\\0", b]', ("b",), "4: 'a\\x00' in tags holds a character that cannot be shown; take it out"),
        ("tags", '["a\\u2028"]', (), "4: 'a\\u2028' in tags holds a character that cannot be shown; take it out"),
        ("aliases", '["a\\nb"]', (), "6: 'a\\nb' in aliases holds a character that cannot be shown; take it out"),
        ("errors", '["\\e[31m"]', (), "7: '\\x1b[31m' in errors holds a character that cannot be shown; take it out"),
        ("related", "[62, true]", (62,), "5: True in related; give numbers"),
        ("related", "[62, -1]", (62,), "5: -1 in related; give numbers"),
        ("related", f"[62, {'9' * 10}]", (62,), "5: 9999999999 in related; give numbers"),
        ("related", f"[62, {'9' * 5_000}]", (62,), f"5: '{'9' * 60}...' in related; give numbers"),
    ],
)
def test_list_with_something_else_in_it(key: str, value: str, kept: tuple[object, ...], complaint: str) -> None:
    """What is right of it stays."""
    front, found = read(written(**{key: value}))
    assert (kept, [complaint]) == (getattr(front, key), found)


def test_lists_may_be_named_once_and_used_twice() -> None:
    """YAML's anchors are no mistake."""
    front, found = read(written(tags="&x [a]", aliases="*x"))
    assert (("a",), ("a",), []) == (front.tags, front.aliases, found)


def test_keys() -> None:
    """One that is unknown, one that is no text, one that comes twice."""
    front, found = read(f"{written()}area: other\nTags: [a]\n1: x\n? [a]\n: b\n<<: {{level: 1}}\n")
    known = "known are area, level, tags, related, aliases, errors"
    assert FRONT == front
    assert [
        "8: a second area in the front matter; the first one counts, take one out",
        f"9: unknown key 'Tags'; {known}",
        f"10: unknown key 1; {known}",
        f"11: unknown key '[a]'; {known}",
        f"13: unknown key '<<'; {known}",
    ] == found


@pytest.mark.parametrize(
    "raw", ["a: " + "[" * 100_000, "- " * 100_000, "a: " + "{b: " * 100_000, "a: [[[[[[[[1]]]]]]]]"]
)
def test_depth(raw: str) -> None:
    """The YAML library ends the process at some 50,000 levels."""
    expected = "1: the front matter is nested too deep; write area: ..., level: ..., one a line"
    assert (Front(), [expected]) == read(raw)


def test_laughs() -> None:
    """Lists of lists of the same list are never written out."""
    laughs = "".join(f"a{at}: &a{at} [*a{at - 1}, *a{at - 1}, *a{at - 1}]\n" for at in range(1, 40))
    front, found = read(f"a0: &a0 [x]\n{laughs}tags: [*a39, y]\n{written().replace('tags', 'x')}")
    assert (("y",), 3) == (front.tags, front.level)
    assert any("in tags; give texts" in one for one in found)


@pytest.mark.parametrize("raw", ["a: [", "\tarea: x", "area: \x07", "area: 'x", "area: *nothing", "a: b: c", "\ud800"])
def test_no_yaml(raw: str) -> None:
    """One complaint, and every default."""
    front, (complaint,) = read(raw)
    assert Front() == front
    assert "the front matter is not YAML: " in complaint


@pytest.mark.parametrize("raw", ["", "- a", "text", "# only a comment"])
def test_no_table(raw: str) -> None:
    """The same."""
    expected = "1: the front matter is no table; write area: ..., level: ..., one a line"
    assert (Front(), [expected]) == read(raw)
