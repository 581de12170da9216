"""Site index: what the search in the pages looks words up in, in files that a browser reads from the disk.

A page that was opened from the disk may load scripts and nothing else. So the index is scripts: some with the entries,
some with the words, of which a search loads those that its words fall into, and those of the entries that it shows.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kb.deck.entry import Entry
from kb.deck.rank import CODE
from kb.search.query import terms_of
from kb.search.tokens import has_han, simplified, tokens, written_words

FIELDS = {"names": 6.0, "gist": 3.0, "body": 1.0, "code": 0.6}
"""What a word in a field counts."""

SATURATION = 1.2
"""From how many times on more of a word adds little."""

SHARD = 150_000
"""Characters of a file with words, about."""

SHELF = 50
"""Entries in a file of them."""

MOST_SHARDS = 256


class Page(NamedTuple):
    """An entry, as the search shows it."""

    number: int
    file: str
    titles: Mapping[str, str]
    gists: Mapping[str, str]


class SiteIndex(NamedTuple):
    """The files of the search."""

    sizes: dict[str, int]
    """What the script has to know of them."""
    files: dict[str, str]


def site_index(entries: Iterable[tuple[Entry, str]], synonyms: Iterable[Sequence[str]]) -> SiteIndex:
    """The files of the search.

    Args:
        entries: with the file of each.
        synonyms: groups of terms that mean the same.
    """
    pages: list[Page] = []
    postings: dict[str, list[float]] = defaultdict(list)
    written: set[str] = set()
    for at, (entry, file) in enumerate(entries):
        titles = {language: text.title for language, text in entry.texts.items()}
        gists = {language: text.short[:200] for language, text in entry.texts.items()}
        pages.append(Page(entry.number, file, titles, gists))
        for token, weight in _weights(entry, written).items():
            postings[token] += [at, round(weight, 2)]
    forms = {word: list(dict.fromkeys(_cut(word))) for word in sorted(written)}  # else each export would differ
    for group in synonyms:
        _join(group, forms, postings)
    kept = {word: cut for word, cut in forms.items() if cut != [word]}
    return _files(pages, postings, kept)


def _weights(entry: Entry, written: set[str]) -> dict[str, float]:
    summary = entry.summary
    lines = [line for text in entry.texts.values() for line in text.lines]
    fields = {
        "names": [
            *summary.titles.values(),
            *summary.aliases,
            *summary.tags,
            *summary.errors,
            summary.slug,
            str(entry.number),
        ],
        "gist": list(summary.gists.values()),
        "body": [text for text, rank in lines if rank < CODE],
        "code": [text for text, rank in lines if rank >= CODE] + ([entry.snippet.shown] if entry.snippet else []),
    }
    found: dict[str, float] = defaultdict(float)
    for name, texts in fields.items():
        whole = simplified("\n".join(texts))
        written |= written_words(whole)
        counts: dict[str, int] = defaultdict(int)
        for token in tokens(whole):
            counts[token] += 1
        for token, count in counts.items():
            found[token] += FIELDS[name] * count * (SATURATION + 1) / (count + SATURATION)
    return found


def _cut(word: str) -> list[str]:
    """The tokens of a word, as a query is cut: the stem before the form."""
    return [token for term in terms_of(word) for token, _ in term.tokens]


def _join(group: Sequence[str], forms: dict[str, list[str]], postings: Mapping[str, list[float]]) -> None:
    """Let each single word of a group find what the others of it find."""
    singles = [term.lower() for term in group if len(term.split()) == 1]
    tokens_of = {term: [token for token in _cut(term) if token in postings] for term in singles if not has_han(term)}
    for term in tokens_of:
        own = forms.setdefault(term, _cut(term))
        for other, found in tokens_of.items():
            if other != term:
                own += [token for token in found if token not in own]


def _files(pages: list[Page], postings: Mapping[str, list[float]], forms: Mapping[str, list[str]]) -> SiteIndex:
    size = sum(len(token) + 4 * len(found) for token, found in postings.items()) + 20 * len(forms)
    shards = min(MOST_SHARDS, 1 + size // SHARD)
    parts: list[dict[str, dict[str, object]]] = [{"postings": {}, "forms": {}} for _ in range(shards)]
    for token, found in postings.items():
        parts[hashed(token) % shards]["postings"][token] = found
    for word, cut in forms.items():
        parts[hashed(word) % shards]["forms"][word] = cut
    files = {f"search-{at}.js": _call("kbShard", at, part) for at, part in enumerate(parts)}
    rows = [[page.number, page.file, page.titles, page.gists] for page in pages]
    for at in range(0, len(rows), SHELF):
        files[f"entries-{at // SHELF}.js"] = _call("kbEntries", at // SHELF, rows[at : at + SHELF])
    return SiteIndex({"shards": shards, "entries": len(rows), "shelf": SHELF}, files)


def _call(name: str, number: int, value: object) -> str:
    """A script that hands a value over; as JSON in a string, which browsers read twice as fast as JavaScript."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}({number},'{text}');\n"


def hashed(text: str) -> int:
    """FNV-1a over the characters' numbers, as ``site.js`` computes it."""
    value = 2166136261
    for char in text:
        value = ((value ^ ord(char)) * 16777619) & 0xFFFFFFFF
    return value
