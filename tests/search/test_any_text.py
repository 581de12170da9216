"""Any text is a query, and may be explained: nothing is raised, and twice as much takes about twice as long."""

import time
from collections.abc import Callable

import pytest

from kb.search.explain import Explainer, bare
from kb.search.known_messages import KnownMessage, Role
from kb.search.log_text import LogText
from kb.search.message_scan import Scanner, root_first
from kb.search.query import MAX_PHRASES, MAX_TERMS, MAX_TEXT, parse_query
from kb.search.searcher import Searcher
from kb.search.tokens import MAX_TAILS, tokens, words

UNITS = (
    *(".", "a.", "a.b ", "/", "/a", "~", "-", "../", "1", "1.", "0x", "\x1b[", "C:", '"', "Error(", "Error: "),
    *("ValueError: x\n", 'File "', "(", "a:", "中", "é", "tag:a ", '"a" ', "-a ", "A.B"),
)
"""What is repeated: each is the beginning of something that is looked for."""

HURTING = {
    "surrogate": "lstm \ud800\udcff",
    "NUL": "ls\0tm",
    "a megabyte": "lstm " * 200_000,
    "a word of a megabyte": "x" * 1_000_000,
    "dots": "." * 16_000,
    "a dotted name": "a." * 16_000,
    "ten thousand words": " ".join(f"word{at}" for at in range(10_000)),
    "ten thousand phrases": '"the mean" ' * 10_000,
    "exclusions": " ".join(f"-w{at}" for at in range(5_000)),
    "filters": "tag:mean " * 5_000,
    "punctuation": "!?.,;:()[]{}<>|&^%$#@~`\\/*+-=_",
    "an open quote": '"mean -"" ": "',
    "Chinese": "均值" * 5_000,
    "joiners": "\u200d\u200b\ufeff" * 100,
    "traditional Chinese and half a character": "記憶體\ud83d",
    "regular expression": r"(a+)+$ \d{9}",
    "the engine's own": "mean^2 AND NOT (title:x OR *) [a TO b]~",
}


@pytest.mark.parametrize("name", HURTING)
def test_any_text_is_searched_for(searcher: Searcher, name: str) -> None:
    """And what comes of it can be given to a program."""
    for is_typing in (False, True):
        found = searcher.search(HURTING[name], is_typing=is_typing)
        str(found.to_json("en")).encode()
    assert Explainer(searcher).explain(HURTING[name], "en") is not None


def test_odd_text_does_not_hide_the_words(searcher: Searcher) -> None:
    """A broken character or a NUL beside them."""
    wanted = [hit.summary.number for hit in searcher.search("lstm").hits]
    assert wanted
    for name in ("surrogate", "a megabyte"):
        assert wanted == [hit.summary.number for hit in searcher.search(HURTING[name]).hits]


def test_a_query_is_bounded() -> None:
    """Each of its parts."""
    for text in HURTING.values():
        query = parse_query(text)
        assert len(query.text) <= MAX_TEXT
        assert len(query.terms) <= MAX_TERMS
        assert len(query.without) <= MAX_TERMS
        assert len(query.phrases) <= MAX_PHRASES
        assert len(query.filters) <= MAX_PHRASES


def test_a_name_of_many_parts_has_few_ends() -> None:
    """The last ones; what follows its dots counts each by itself, too."""
    found = tokens(".".join(f"p{at}" for at in range(100)))
    assert found.count("p99") == 1
    assert len([token for token in found if "." in token]) == MAX_TAILS
    assert "p98.p99" in found


SCANNER = Scanner(
    KnownMessage(f"m{at}", (wording,), Role.ERROR, (), {})
    for at, wording in enumerate(
        ("Error {x} of {y} is {z:shape}", "a {:line} b", "A {n:name} {m:name}", "x {:int}x{:int}")
    )
)


def scanned(text: str) -> object:
    """Its messages, the root first."""
    log = LogText(text)
    return root_first(SCANNER.scan(log), log)


@pytest.mark.parametrize("do", [bare, scanned, parse_query, lambda text: list(words(text))])
@pytest.mark.parametrize("unit", UNITS)
def test_twice_as_much_takes_twice_as_long(do: Callable[[str], object], unit: str) -> None:
    """Three times at most, by the processor's clock, where it takes long enough to be measured at all."""

    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        begun = time.process_time()
        do(text)
        return time.process_time() - begun

    def fastest(*sizes: int) -> list[float]:  # in turns: what slows the machine down for a while slows them alike
        return [min(times) for times in zip(*([seconds(size) for size in sizes] for _ in range(3)), strict=True)]

    size = 8_000
    while fastest(size)[0] < 0.002 and size < 200_000:
        size *= 2
    # What takes the square of it fails each time; a garbage collection, or a neighbour, only now and then.
    pairs = [fastest(size, 2 * size)]
    while pairs[-1][1] >= 3 * pairs[-1][0] + 0.005 and len(pairs) < 5:
        pairs.append(fastest(size, 2 * size))
    short, twice = pairs[-1]
    assert twice < 3 * short + 0.005, pairs


def test_a_line_of_dots_is_explained_at_once(searcher: Searcher) -> None:
    """And a message of 400 kB."""
    begun = time.process_time()
    for text in ("." * 16_000, "RuntimeError: " + "size of tensor a 1 must match " * 14_000):
        Explainer(searcher).explain(text, "en")
    assert time.process_time() - begun < 2
