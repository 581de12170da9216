"""Index: a deck's words on the disk, brought up to date when its entries change."""

import ast
import functools
import os
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import tantivy

from kb.deck.cache import DamagedCache
from kb.deck.index_ledger import IndexLedger, Row
from kb.deck.rank import CODE, HEADING
from kb.deck.upkeep import OnProgress
from kb.search.tokens import compact, simplified, tokens, word_pairs, written_words

WEIGHTS = {
    "exact": 40.0,
    "title": 10.0,
    "alias": 6.0,
    "error": 6.0,
    "about": 4.0,
    "heading": 3.0,
    "api": 0.5,
    "gist": 3.0,
    "body": 2.0,
    "quiz": 2.5,
    "code": 0.25,
    "pair": 4.0,
}
"""How much a match counts, by field."""

WORD_FIELDS = tuple(field for field in WEIGHTS if field not in ("exact", "pair"))
"""The fields that hold words: not whole names, nor pairs."""

WRITTEN = "written"
"""The field of the words and names as they are written, for what begins so, or is spelt nearly so."""

FILTERED = ("area", "tag", "level")
"""Fields that only narrow a search."""

HEAP = 50_000_000
"""Bytes of memory for the index writer."""

BATCH = 5_000
"""Entries that are written at a time: a build that is killed goes on from the last batch."""

PATIENCE = 20.0
"""Seconds to wait for another process that is writing the index."""

MAX_DOTS = 20
"""In the name of an API."""

FORMAT = "6"
"""Changes when entries are indexed otherwise."""

OWNER = "owner"
"""The file in an index's folder that names the deck's cache, so that an index is never taken for another deck's."""


class Kept(NamedTuple):
    """What is written down of an index that lies in the cache."""

    format: str
    """The program's ``FORMAT`` that wrote it."""
    generation: str
    """The ledger's, all of whose entries are in it; empty while it is built."""
    folder: str
    """Name of its folder."""


class Damaged(Exception):  # noqa: N818 a state of the files, told to nobody
    """The index of this name cannot be read."""


def open_index(ledger: IndexLedger, cache: Path | None, on_progress: OnProgress = lambda *_: None) -> tantivy.Index:
    """The index of a deck's entries, up to date: in the cache if it can be kept there, else in memory."""
    if cache is not None and ledger.cache.is_lasting:
        for _ in range(2):
            try:
                return _open_kept(ledger, cache / "indexes", on_progress)
            except Damaged as damaged:
                with suppress(sqlite3.Error):
                    _forget(ledger, cache / "indexes", str(damaged))
            except (OSError, sqlite3.Error):
                break  # read-only, full, or held by another process
    index = tantivy.Index(schema())
    _write(index, ledger, [row.folder for row in ledger.rows()], [], lambda *_: None, on_progress)
    return index


def forget_index(ledger: IndexLedger, cache: Path | None) -> None:
    """Have the index made anew when it is opened next: a search found it broken."""
    with suppress(sqlite3.Error, DamagedCache):
        if cache is not None and (kept := _kept(ledger)):
            _forget(ledger, cache / "indexes", kept.folder)


def _open_kept(ledger: IndexLedger, folder: Path, on_progress: OnProgress) -> tantivy.Index:
    """The index in the cache folder.

    Raises:
        Damaged: what lies there is no index.
        OSError: it cannot be written there, or another process does not finish writing it.
    """
    kept = _kept(ledger)
    if kept is not None and (kept.format, kept.generation) == (FORMAT, ledger.generation):
        return _opened(folder / kept.folder, ledger)
    target = folder / _agreed_name(ledger, folder)
    target.mkdir(parents=True, exist_ok=True)
    index = _opened(target, ledger) if (target / "meta.json").exists() else _made(target, ledger)
    until = time.monotonic() + PATIENCE
    while True:
        generation = ledger.generation
        changed, gone = ledger.unindexed()
        if not (changed or gone):
            break
        try:
            _write(index, ledger, changed, gone, ledger.mark_indexed, on_progress)
        except ValueError as error:
            if "lock" not in str(error).lower():
                raise Damaged(target.name) from error
            # Another process is writing: it does the same work.
            if time.monotonic() > until:
                raise OSError("another process is writing the index") from None
            time.sleep(0.05)
    ledger.cache.keep("index", Kept(FORMAT, generation, target.name))
    index.reload()
    return index


def _kept(ledger: IndexLedger) -> Kept | None:
    """What is written down of this deck's index."""
    value = ledger.cache.value("index")
    if value is None:
        return None
    # The folder is removed when it is of no use any more: a damaged name must not lead anywhere else.
    mine = re.compile(rf"{re.escape(ledger.cache.name)}-[0-9a-f]{{8}}")
    if not (isinstance(value, list) and len(value) == 3 and all(type(one) is str for one in value)):
        raise DamagedCache(f"what is kept of the index: {value!r}")
    if not mine.fullmatch(value[2]):
        raise DamagedCache(f"the folder of the index: {value[2]!r}")
    return Kept(*value)


def _agreed_name(ledger: IndexLedger, folder: Path) -> str:
    """The index's folder. It is written down before anything is built: a build that is killed is found again, and
    processes that start at once build the same one."""
    with ledger.cache.alone():
        kept = _kept(ledger)
        if kept is not None and kept.format == FORMAT:
            return kept.folder
        fresh = f"{ledger.cache.name}-{os.urandom(4).hex()}"
        ledger.clear()
        ledger.cache.keep("index", Kept(FORMAT, "", fresh))
    _sweep(folder, ledger.cache.name, fresh)
    return fresh


def _opened(folder: Path, ledger: IndexLedger) -> tantivy.Index:
    try:
        if (folder / OWNER).read_bytes() != ledger.cache.name.encode():
            raise Damaged(folder.name)
        index = tantivy.Index.open(str(folder))
        index.searcher().doc_freq("title", "the")  # a file that is missing is noticed here
    except BaseException as error:  # the engine's own panics are no Exception
        if is_damage(error):
            raise Damaged(folder.name) from error
        raise
    return index


def is_damage(error: BaseException) -> bool:
    """Whether the engine says that its files are broken: by a ``ValueError`` or an ``OSError``, or by a panic."""
    if isinstance(error, UnicodeError):
        return False
    return isinstance(error, ValueError | OSError) or type(error).__name__ == "PanicException"


def _made(folder: Path, ledger: IndexLedger) -> tantivy.Index:
    (folder / OWNER).write_bytes(ledger.cache.name.encode())
    try:
        return tantivy.Index(schema(), path=str(folder))
    except ValueError as error:
        raise OSError(str(error)) from None


def _forget(ledger: IndexLedger, folder: Path, damaged: str) -> None:
    """Remove an index, unless another process has made another one meanwhile."""
    import shutil

    with ledger.cache.alone():
        kept = _kept(ledger)
        if kept is not None and kept.folder == damaged:
            ledger.cache.keep("index", None)
    shutil.rmtree(folder / damaged, ignore_errors=True)


def _sweep(folder: Path, deck_name: str, kept: str) -> None:
    """Remove the indexes of this deck that nothing refers to any more."""
    import shutil

    with suppress(OSError):
        for old in folder.iterdir():
            if old.name.startswith(f"{deck_name}-") and old.name != kept:
                shutil.rmtree(old, ignore_errors=True)


@functools.cache
def schema() -> Any:
    """What every index looks like."""
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("number", stored=True, indexed=True, fast=True)
    builder.add_text_field("folder", tokenizer_name="raw", index_option="basic")
    for field in (*WEIGHTS, WRITTEN, *FILTERED):
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _write(
    index: tantivy.Index,
    ledger: IndexLedger,
    changed: list[str],
    gone: list[str],
    on_batch: Callable[[list[str], list[str]], None],
    on_progress: OnProgress,
) -> None:
    """Put entries into the index and take others out, in batches."""
    if not changed and not gone:
        return
    on_progress(0, len(changed))
    writer = index.writer(HEAP, 1)
    is_new = index.searcher().num_docs == 0
    for folder in gone:
        writer.delete_documents_by_term("folder", folder)
    for start in range(0, max(1, len(changed)), BATCH):
        batch = changed[start : start + BATCH]
        for at, row in enumerate(ledger.rows(batch), start):
            on_progress(at, len(changed))
            # A batch may have been written by a process that was killed before it could say so.
            if not is_new:
                writer.delete_documents_by_term("folder", row.folder)
            writer.add_document(_document(row))
        writer.commit()
        on_batch(batch, gone if start == 0 else [])
        on_progress(min(start + BATCH, len(changed)), len(changed))
    writer.wait_merging_threads()
    index.reload()


def _document(row: Row) -> tantivy.Document:
    summary = row.summary
    names = [*summary.aliases, *summary.titles.values(), summary.slug, str(summary.number)]
    body = [text for lines in row.lines.values() for text, rank in lines[1:] if rank < CODE]
    headings = [text for lines in row.lines.values() for text, rank in lines if rank == HEADING]
    apis = api_names(row.code)
    written = [*summary.titles.values(), *summary.aliases, *summary.gists.values(), *body, *apis]
    fields = {
        "folder": row.folder,
        "exact": " ".join(dict.fromkeys(compact(simplified(name)) for name in names)),
        "title": _cut(*summary.titles.values(), summary.slug.replace("-", " ")),
        "alias": _cut(*summary.aliases, *summary.tags, summary.area),
        "error": _cut(*summary.errors),
        "about": _cut(*(name for hole in row.holes for name in api_names(hole))),
        "heading": _cut(*headings),
        "api": _cut(*apis),
        "gist": _cut(*summary.gists.values()),
        "body": _cut(*body),
        "quiz": _cut(*row.quiz),
        "code": _cut(row.code),
        "pair": " ".join(
            _pairs(*summary.titles.values(), *summary.aliases, *summary.errors, *summary.gists.values(), *body)
        ),
        WRITTEN: " ".join(written_words("\n".join(written))),
        "area": compact(summary.area),
        "tag": " ".join(compact(tag) for tag in summary.tags),
        "level": str(summary.level),
    }
    return tantivy.Document(number=summary.number, **fields)


def _pairs(*texts: str) -> list[str]:
    return [pair for text in texts for pair in word_pairs(text)]


def _cut(*texts: str) -> str:
    return " ".join(tokens(simplified("\n".join(texts))))


def api_names(code: str) -> list[str]:
    """Names with dots that a script uses (``torch.nn.LSTM``, ``nn.LSTM``), each once."""
    from kb.deck.script import parse_python  # deferred: 2 ms, and an index that is up to date reads no script

    try:
        tree = parse_python(code)
    except SyntaxError:
        return []
    return list(dict.fromkeys(filter(None, map(_dotted, ast.walk(tree)))))


def _dotted(node: ast.AST) -> str:
    """A name with dots as it is written; empty if the node is something else, or longer than any API's."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < MAX_DOTS:
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if parts and isinstance(node, ast.Name) else ""
