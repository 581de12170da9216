"""Text cache: a text from the JSON that is kept of it, by hand, since showing an entry needs nothing else."""

import json
from typing import Any

from kb.deck.cache import DamagedCache, as_json
from kb.deck.text import Block, Span, Text


def frozen_text(text: Text) -> str:
    """A text as JSON: the fields of everything in it, in their order. (``astuple`` copies each deeply, and takes six
    times as long.)"""
    body = [_frozen(block) for block in text.body]
    return as_json((text.language, text.title, _frozen(text.gist), body, text.markdown))


def _frozen(block: Block) -> tuple[object, ...]:
    spans = [(span.text, span.style, span.source) for span in block.spans]
    return block.kind, spans, block.info, [_frozen(child) for child in block.children], block.line, block.end


def thawed_text(body: str) -> Text:
    """The text that was written as JSON.

    Raises:
        DamagedCache: the body is no such thing.
    """
    try:
        language, title, gist, blocks, markdown = json.loads(body)
        return Text(_text(language), _text(title), _block(gist), _blocks(blocks), _text(markdown))
    except (ValueError, TypeError) as error:
        raise DamagedCache(f"a text: {error}") from error


def _blocks(raw: Any) -> tuple[Block, ...]:
    return tuple(_block(one) for one in raw)


def _block(raw: Any) -> Block:
    kind, spans, info, children, line, end = raw
    found = tuple(Span(_text(text), _text(style), _text(source)) for text, style, source in spans)
    return Block(_text(kind), found, _text(info), _blocks(children), int(line), int(end))


def _text(raw: Any) -> str:
    if type(raw) is not str:
        raise TypeError(f"{raw!r} is no text")
    return raw
