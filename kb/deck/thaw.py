"""Thawing: an entry from the nested lists that the store keeps of it."""

from typing import TYPE_CHECKING, Any

from kb.deck.summary import Summary
from kb.deck.text import Block, Span, Text

if TYPE_CHECKING:
    from kb.deck.entry import Entry
    from kb.deck.item import Item
    from kb.deck.script import Snippet


def _spans(raw: Any) -> tuple[Span, ...]:
    return tuple(Span(*one) for one in raw)


def _blocks(raw: Any) -> tuple[Block, ...]:
    return tuple(_block(one) for one in raw)


def _block(raw: Any) -> Block:
    kind, spans, info, children, line, end = raw
    return Block(kind, _spans(spans), info, _blocks(children), line, end)


def _snippet(raw: Any) -> "Snippet | None":
    from kb.deck.script import Hole, Snippet

    if raw is None:
        return None
    path, source, sha256, timeout, launcher, processes, holes = raw
    return Snippet(path, source, sha256, timeout, launcher, processes, tuple(Hole(*hole) for hole in holes))


def _item(raw: Any) -> "Item":
    from kb.deck.item import Item, Wording

    entry, name, kind, wordings, marks, code, proof, right, wrong, line = raw
    return Item(
        entry,
        name,
        kind,
        {
            language: Wording(_blocks(question), tuple(_spans(option) for option in options), _blocks(explanation))
            for language, (question, options, explanation) in wordings.items()
        },
        tuple(marks),
        code,
        proof,
        tuple(right),
        tuple(wrong),
        line,
    )


def thaw_text(raw: Any) -> Text:
    """The text whose ``astuple`` was written as JSON."""
    language, title, gist, body, markdown = raw
    return Text(language, title, _block(gist), _blocks(body), markdown)


def thaw_entry(summary: Summary, texts: list[Any], snippet: Any, items: list[Any]) -> "Entry":
    """The entry whose parts were written as JSON."""
    # Deferred, here and above: showing an entry takes its text alone, and these classes 6 ms to make.
    from kb.deck.entry import Entry

    thawed = [thaw_text(text) for text in texts]
    return Entry(
        summary, {text.language: text for text in thawed}, _snippet(snippet), tuple(_item(item) for item in items)
    )
