"""Naming: from what somebody typed in the place of an entry to the entry: a number, an exact name, or words that find
it. What was guessed says so: nothing that acts may act on a guess."""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kb.deck.library import Library
from kb.deck.naming import MOST_DIGITS, called, numbered
from kb.errors import UsageError

if TYPE_CHECKING:
    from kb.search.searcher import Searcher  # for its name alone: a number needs no search, and no engine

_FILE = re.compile(
    r"(?:~|\.{1,2})?/\S+|\S+\.(?:py|pyc|ipynb|sh|log|txt|out|err|md|toml|ya?ml|jsonl?|csv|pth?|ckpt|safetensors|np[yz]|pkl)",
    re.IGNORECASE,
)
"""One word that is a path, or ends as a file does."""

_SLIP = re.compile(r"(?:[^\W\d]|[^\w\s]+)?\d+(?:[^\w\s]+\d+)*(?:[^\W\d]|[^\w\s]+)?")
"""Digits with a letter or signs beside them."""


class Named(NamedTuple):
    """The entries that some words name."""

    numbers: tuple[int, ...]
    """The best first; never empty."""
    words: str = ""
    """The words; empty where it was a number."""
    is_guess: bool = False
    """Whether a word was read as another one, or does not stand in the entry."""


def name_one(words: Sequence[str], library: Library, searcher: "Callable[[], Searcher]") -> Named:
    """The one entry that words name, all of them together; others that they may mean stand after it.

    Raises:
        UsageError: they name nothing, or several entries.
    """
    if len(words) > 1 and any(word.isdecimal() for word in words):
        raise UsageError(
            "{words!r} names more than one entry", "give one number, or words that find it", words=" ".join(words)
        )
    (found,) = name_all([" ".join(words)], library, searcher)
    return found


def name_all(words: Sequence[str], library: Library, searcher: "Callable[[], Searcher]") -> list[Named]:
    """The entries that words name: numbers by themselves, exact names by themselves, what stands between together.

    Raises:
        UsageError: a number or words that name nothing.
    """
    found: list[Named] = []
    waiting: list[str] = []
    for word in words:
        number = numbered(word, library)
        if number is None:
            waiting.append(word)
            continue
        found += _by_words(waiting, library, searcher)
        waiting = []
        found.append(Named((number,)))
    return found + _by_words(waiting, library, searcher)


def _by_words(words: list[str], library: Library, searcher: "Callable[[], Searcher]") -> list[Named]:
    found: list[Named] = []
    while words:
        ends = (end for end in range(len(words), 0, -1) if called(" ".join(words[:end]), library.summaries))
        end = next(ends, len(words))
        found.append(_by_text(" ".join(words[:end]), library, searcher()))
        words = words[end:]
    return found


def _by_text(text: str, library: Library, searcher: "Searcher") -> Named:
    """What a search finds first, with those on one subject with it; entries that are called so come before all."""
    from kb.search.query import parse_query
    from kb.search.tokens import simplified

    exact = called(text, library.summaries)
    if not exact:
        _refuse_file(text, library)
    results = searcher.search(text, limit=1)
    if results.hits:
        best = results.hits[0]
        ranked = (best.summary.number, *best.also)
        if exact:
            return Named((*(one for one in ranked if one in exact), *(one for one in exact if one not in ranked)), text)
        query = parse_query(text)
        is_changed = results.shown_for not in ("", simplified(text))
        # The parts of a word stand in every text: `62x` is 62 and x, `train_model` two words that anybody uses.
        is_missing = len(best.held) < len(query.terms)
        # Filters and words to leave out fit many entries, and words that say how one asks fit all.
        says_nothing = bool(query.filters or query.without) or all(term.is_empty_talk for term in query.terms)
        is_guess = is_changed or is_missing or says_nothing
        _refuse_slip(text, library, is_guess)
        return Named(ranked, text, is_guess)
    if exact:
        return Named(tuple(exact), text)
    _refuse_slip(text, library, is_guess=True)
    raise UsageError(
        "no entry is found for {word!r}",
        "give a number; kb list{deck} shows all",
        word=text,
        deck=library.address.option,
    )


def _refuse_file(text: str, library: Library) -> None:
    """A file's name is none of an entry's: of its parts one stands in many texts.

    Raises:
        UsageError: it is one.
    """
    if _FILE.fullmatch(text):
        raise UsageError(
            "{name} is the name of a file, and of no entry",
            "give a number or words; kb list{deck} shows all",
            name=text,
            deck=library.address.option,
        )


def _refuse_slip(text: str, library: Library, is_guess: bool) -> None:
    """A number with something typed into it is no word to look for.

    Raises:
        UsageError: it is one.
    """
    found = _SLIP.fullmatch(text)
    if not found or not (is_guess or not any(map(str.isalpha, text))):
        return
    digits = "".join(char for char in text if char.isdecimal())
    if len(digits) <= MOST_DIGITS and int(digits) in library.by_number:
        raise UsageError("no entry {number}", "did you mean {near}?", number=text, near=str(int(digits)))
    raise UsageError("no entry {number}", "kb list{deck} shows all", number=text, deck=library.address.option)
