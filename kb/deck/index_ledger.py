"""Index ledger: which entries the search index holds, as what they were when it took them."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from kb.deck.cache import Cache
from kb.deck.entry_cache import thawed_items, thawed_lines, thawed_snippet, thawed_summary
from kb.deck.summary import Summary


class Row(NamedTuple):
    """What of an entry is searched."""

    folder: str
    summary: Summary
    lines: dict[str, list[tuple[str, int]]]
    code: str
    """The snippet's source; empty without one."""
    holes: list[str]
    """Of the snippet: the lines that a learner is to write."""
    quiz: list[str]
    """Questions, options and explanations of its items, in every language."""


class IndexLedger:
    """What the search index holds of a cache's entries. All questions raise ``DamagedCache``."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache

    @property
    def generation(self) -> str:
        """A name for the entries as they are now, another after every change: what is made from them hangs on it."""
        return f"{self.cache.name}-{self.cache.value('generation') or 'empty'}"

    def rows(self, folders: Collection[str] | None = None) -> Iterator[Row]:
        """What of the entries is searched: of these folders, or of all."""
        of = "" if folders is None else f"WHERE folder IN ({', '.join('?' * len(folders))})"
        query = f"SELECT folder, summary, lines, snippet, items FROM shown {of} ORDER BY number, folder"
        for folder, summary, lines, snippet, items in self.cache.ask(query, tuple(folders or ())):
            script = thawed_snippet(snippet)
            source = script.source if script else ""
            holes = [script.solution(hole.name) for hole in script.holes] if script else []
            yield Row(folder, thawed_summary(summary), thawed_lines(lines), source, holes, _quiz(items))

    def unindexed(self) -> tuple[list[str], list[str]]:
        """Folders whose entries are not in the index as they are now, and folders that are in it and should not be."""
        changed = self.cache.ask(
            "SELECT folder FROM shown LEFT JOIN indexed USING (folder)"
            " WHERE shown.signature IS NOT indexed.signature ORDER BY number, folder"
        )
        gone = self.cache.ask("SELECT folder FROM indexed WHERE folder NOT IN (SELECT folder FROM shown)")
        return [row[0] for row in changed], [row[0] for row in gone]

    def mark_indexed(self, folders: Collection[str], gone: Collection[str]) -> None:
        """Write down that the index holds these folders' entries as they are now, and those no more."""
        with self.cache.alone():
            self.cache.change("DELETE FROM indexed WHERE folder = ?", [(folder,) for folder in gone])
            self.cache.change(
                "INSERT OR REPLACE INTO indexed SELECT folder, signature FROM entry WHERE folder = ?",
                [(folder,) for folder in folders],
            )

    def clear(self) -> None:
        """Write down that there is no index."""
        self.cache.change("DELETE FROM indexed", [()])


def _quiz(items: bytes) -> list[str]:
    """What the items say."""
    from kb.deck.text import blocks_text, plain  # deferred: searching needs none of an entry's classes

    found: list[str] = []
    for item in thawed_items(items):
        for wording in item.wordings.values():
            found += [blocks_text(wording.question), *map(plain, wording.options), blocks_text(wording.explanation)]
    return found
