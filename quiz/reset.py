"""Reset: which answers are forgotten. What destroys takes exact names, and shows what goes."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from kb.deck.library import Library
from kb.deck.naming import called, numbered
from kb.errors import UsageError
from kb.screen.layout import Line, wrap
from kb.screen.messages import Speech
from quiz.log.log import Log
from quiz.plan import Card, all_cards


def chosen(library: Library, words: Iterable[str]) -> set[int | str]:
    """What words name: entries by number, slug, title or alias, items as ``61/its-id``.

    Raises:
        UsageError: a word names nothing, or several entries.
    """
    items = {card.key: card for card in all_cards(library)}
    return {word if word in items else _named(library, word, items.values()) for word in words}


def _named(library: Library, word: str, cards: Iterable[Card]) -> int | str:
    """An entry, or an item whose entry is called by name: ``its-slug/its-id``.

    Raises:
        UsageError: there is none.
    """
    name, _, item = word.rpartition("/")
    if not name or called(word, library.summaries):
        return _entry(library, word)
    number = _entry(library, name)
    known = [card.id for card in cards if card.number == number]
    if item in known:
        return f"{number}/{item}"
    raise UsageError(
        "entry {number} has no question {item!r}", "it has {known}", number=number, item=item, known=", ".join(known)
    )


def _entry(library: Library, word: str) -> int:
    if (number := numbered(word, library)) is not None:
        return number
    found = called(word, library.summaries)
    if len(found) == 1:
        return found[0]
    if found:
        numbers = ", ".join(map(str, found))
        raise UsageError(
            "{word!r} is the name of several entries", "give a number: {numbers}", word=word, numbers=numbers
        )
    raise UsageError(
        "no entry is called {word!r}", "give a number or an exact name; kb search {word} finds them", word=word
    )


def count_by_entry(log: Log, which: Collection[int | str] | None) -> dict[int, int]:
    """How many answers would be forgotten, by entry."""
    names = None if which is None else {str(one) for one in which}
    counts: Counter[int] = Counter()
    for item, history in log.histories().items():
        number = item.partition("/")[0]
        if names is None or names & {item, number}:
            counts[int(number) if number.isascii() and number.isdecimal() else 0] += len(history)
    return dict(sorted(counts.items()))


def reset_lines(counts: Mapping[int, int], library: Library, width: int, say: Speech) -> list[Line]:
    """The entries whose answers go, each with how many."""
    lines: list[Line] = []
    for number, count in counts.items():
        there = library.by_number.get(number)
        title = there.title(say.language) if there else say("not in the deck any more")
        count_text = say("{count} {count:answer|answers}", count=count)
        lines += wrap([(title, ""), (f" · {count_text}", "dim")], width, f"  {number:>3}  ")
    return lines
