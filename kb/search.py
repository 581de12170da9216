"""Search: from words to the entries that hold them, best first."""

import ast
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tantivy

from kb.head import Head
from kb.library import Library
from kb.words import compact, query_words, words

if TYPE_CHECKING:
    from kb.entry import Entry

WEIGHTS = {"exact": 40.0, "title": 8.0, "alias": 6.0, "api": 4.0, "gist": 3.0, "body": 1.0, "code": 0.5}
"""How much a match counts, by field."""

HEAP = 20_000_000
"""Bytes of memory for the index writer."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of an entry that holds what was searched for."""

    text: str
    """One line of prose, or of code."""
    marks: tuple[tuple[int, int], ...]
    """Where in it the words stand: from, to."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry that was found."""

    head: Head
    """The entry."""
    score: float
    """Higher is better; comparable within one search only."""
    passages: tuple[Passage, ...]
    """The best places, best first."""
    also: tuple[int, ...] = ()
    """Entries on the same subject that were found too."""


class Index:
    """The search index of one deck."""

    def __init__(self, library: Library, index: tantivy.Index) -> None:
        self.library = library
        self._index = index
        self._searcher = index.searcher()

    @classmethod
    def open(cls, library: Library, cache: Path | None) -> "Index":
        """Open the deck's index; made anew if the deck has changed, in memory if it cannot be kept."""
        folder = None
        if cache is not None and library.store.is_lasting:
            folder = cache / "indexes" / library.store.generation
            with suppress(ValueError, OSError):
                if folder.is_dir():
                    return cls(library, tantivy.Index.open(str(folder)))
        if folder is not None:
            with suppress(ValueError, OSError):
                return cls(library, _build_at(folder, library))
        index = tantivy.Index(_schema())
        _fill(index, library)
        return cls(library, index)

    def search(self, query: str, limit: int = 10, language: str = "en") -> list[Hit]:
        """The entries that match a query, best first.

        Args:
            query: plain words in any language.
            limit: how many hits at most.
            language: of the passages, where the entry has it.
        """
        tokens = query_words(query)
        if not tokens:
            return []
        parts = [
            (tantivy.Occur.Should, _term(field, token)) for token in tokens for field in WEIGHTS if field != "exact"
        ]
        if whole := compact(query):
            parts.append((tantivy.Occur.Should, _term("exact", whole)))
        found = self._searcher.search(tantivy.Query.boolean_query(parts), limit * 3).hits
        scored = [(score, int(self._searcher.doc(address)["number"][0])) for score, address in found]
        heads = self.library.by_number
        ranked = [(score, heads[number]) for score, number in scored if number in heads]
        return self._grouped(ranked, set(tokens), limit, language)

    def _grouped(self, ranked: list[tuple[float, Head]], tokens: set[str], limit: int, language: str) -> list[Hit]:
        """Entries on one subject as one hit: those that name each other as related and share a tag."""
        groups: list[tuple[float, Head, list[int]]] = []
        for score, head in ranked:
            for _, leader, also in groups:
                if _same_subject(leader, head):
                    also.append(head.number)
                    break
            else:
                groups.append((score, head, []))
        return [
            Hit(head, score, find_passages(self.library.store.lines(head.number), tokens, language), tuple(also))
            for score, head, also in groups[:limit]
        ]


def _same_subject(one: Head, other: Head) -> bool:
    linked = other.number in one.related or one.number in other.related
    return linked and bool({tag.lower() for tag in one.tags} & {tag.lower() for tag in other.tags})


def find_passages(
    texts: dict[str, list[tuple[str, bool]]], tokens: set[str], language: str, limit: int = 2
) -> tuple[Passage, ...]:
    """The lines of an entry that hold most of the tokens; prose before code, the gist where nothing else does.

    Args:
        texts: lines by language, each with whether it is code; the gist comes first.
        tokens: what is searched for.
        language: of the passages, where the entry has it.
        limit: how many at most.
    """
    lines = texts.get(language) or next(iter(texts.values()))
    # A word's form may differ in its last letters; a line without the rest of it need not be cut into words.
    beginnings = [token[: max(2, len(token) - 1)] for token in tokens]
    scored = []
    for order, (line, is_code) in enumerate(lines):
        lowered = line.lower()
        if not any(beginning in lowered for beginning in beginnings):
            continue
        marks, seen = [], set()
        for word in words(line):
            if word.token in tokens:
                marks.append((word.start, word.end))
                seen.add(word.token)
        if seen:
            scored.append((-len(seen), is_code, order, Passage(line, _merged(marks))))
    best = [passage for *_, passage in sorted(scored, key=lambda one: one[:3])]
    return tuple(best[:limit]) or (Passage(lines[0][0], ()),)


def _merged(marks: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    out: list[tuple[int, int]] = []
    for start, end in sorted(marks):
        if out and start <= out[-1][1]:
            out[-1] = out[-1][0], max(end, out[-1][1])
        else:
            out.append((start, end))
    return tuple(out)


def _term(field: str, token: str) -> tantivy.Query:
    return tantivy.Query.boost_query(tantivy.Query.term_query(_schema(), field, token), WEIGHTS[field])


_cached_schema: Any = None


def _schema() -> Any:
    global _cached_schema
    if _cached_schema is None:
        builder = tantivy.SchemaBuilder()
        builder.add_integer_field("number", stored=True, indexed=True)
        for field in WEIGHTS:
            builder.add_text_field(field, stored=False, tokenizer_name="whitespace", index_option="freq")
        _cached_schema = builder.build()
    return _cached_schema


def _build_at(folder: Path, library: Library) -> tantivy.Index:
    """Build beside the final place and move there in one step: nobody ever opens half an index."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    part.mkdir()
    try:
        _fill(tantivy.Index(_schema(), path=str(part)), library)
        part.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was faster, and its index is as good
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    for old in folder.parent.iterdir():
        # The name begins with the deck's own mark: indexes of other decks stay.
        if old.name.split("-")[0] == folder.name.split("-")[0] and old != folder and not old.name.endswith(".part"):
            shutil.rmtree(old, ignore_errors=True)
    return tantivy.Index.open(str(folder))


def _fill(index: tantivy.Index, library: Library) -> None:
    writer = index.writer(HEAP, 1)
    for head in library.heads:
        writer.add_document(_document(library.entry(head.number)))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()


def _document(entry: "Entry") -> tantivy.Document:
    head = entry.head
    names = [*head.aliases, *head.titles.values(), head.slug, str(head.number)]
    code = entry.snippet.source if entry.snippet else ""
    body = [line for text in entry.texts.values() for line, is_code in text.lines[1:] if not is_code]
    fields = {
        "exact": " ".join(dict.fromkeys(compact(name) for name in names)),
        "title": _tokens(*head.titles.values(), head.slug.replace("-", " ")),
        "alias": _tokens(*head.aliases, *head.tags, *head.errors, head.area),
        "api": _tokens(*api_names(code)),
        "gist": _tokens(*head.gists.values()),
        "body": _tokens(*body),
        "code": _tokens(code),
    }
    return tantivy.Document(number=head.number, **fields)


def _tokens(*texts: str) -> str:
    return " ".join(word.token for text in texts for word in words(text))


def api_names(code: str) -> list[str]:
    """Names with dots that a script uses (``torch.nn.LSTM``, ``nn.LSTM``), each once."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return []
    names = dict.fromkeys(
        ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is_dotted(node)
    )
    return list(names)


def _is_dotted(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)
