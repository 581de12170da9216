"""Check: the form of a whole deck, without running anything."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

from kb.deck.entry import Entry
from kb.deck.folder import OUTPUT, SNIPPET, load_entry, stray_files
from kb.deck.item import Item, Kind
from kb.deck.manifest import FILE, Deck, number_of, read_deck
from kb.deck.markdown import walk
from kb.deck.text import Block, Text
from kb.errors import Complaint
from kb.search.glossary import read_glossary
from kb.search.labelled import FILE as QUERIES
from kb.search.labelled import Labelled, read_queries
from kb.verify.typography import misprints, sentence

MIN_ITEMS = {Kind.CHOICE: 2, Kind.PREDICT: 1, Kind.ANSWER: 1, Kind.CODE: 1}
"""How many items of each kind an entry of a complete deck has at least."""
MIN_QUERIES = 5
"""How many labelled queries should find each entry of a complete deck that has queries at all."""
MIN_RIGHT, MIN_WRONG = 2, 3
"""How many solutions a code item of a complete deck has at least."""

_ENTRY_LINK = re.compile(r"^\.\./([^/]+)/([^/]+)\.md$")


def check_deck(deck: Deck) -> list[Complaint]:
    """Every violation of the format in a deck, in the order of the files."""
    _, complaints = read_deck(deck.path)
    complaints += stray_files(deck)
    folders = sorted(path for path in deck.path.iterdir() if path.is_dir() and number_of(path.name) is not None)
    names = {folder.name for folder in folders}
    owners: dict[int, str] = {}
    for folder in folders:
        number = number_of(folder.name) or 0
        if number in owners:
            what = f"{owners[number]} has the number {number} too; give each its own"
            complaints.append(Complaint(folder.name, 0, what))
        owners[number] = folder.name
        entry, found = load_entry(folder, deck)
        complaints += found
        if entry is not None:
            complaints += check_entry(entry, deck, names)
        if deck.complete and not (folder / OUTPUT).is_file():
            complaints.append(Complaint(f"{folder.name}/{OUTPUT}", 0, "missing; kb verify --record writes it"))
    complaints += read_glossary(deck.path)[1]
    queries, found = read_queries(deck.path)
    complaints += found
    for query in queries:
        for number in query.entries:
            if not deck.plans(number):
                what = f"the query {query.text!r} names {number}, which is in none of the deck's chapters"
                complaints.append(Complaint(QUERIES, 0, what))
    if deck.complete and queries:
        complaints += _scarce_queries(queries, owners)
    if not folders:
        complaints.append(Complaint(FILE, 0, "the deck has no entries; add a folder 061-its-slug"))
    return sorted(set(complaints))


def _scarce_queries(queries: list[Labelled], owners: dict[int, str]) -> list[Complaint]:
    """Entries that too few queries should find."""
    counts = Counter(number for query in queries for number in query.entries)
    return [
        Complaint(QUERIES, 0, f"{counts[number]} queries for {folder}; write at least {MIN_QUERIES}")
        for number, folder in sorted(owners.items())
        if counts[number] < MIN_QUERIES
    ]


def check_entry(entry: Entry, deck: Deck, folders: set[str]) -> list[Complaint]:
    """What is wrong between the files of an entry: blocks and snippet, items and holes, links, translations."""
    complaints: list[Complaint] = []
    folder = entry.summary.folder
    primary = f"{folder}/{deck.languages[0]}.md"
    for language, text in entry.texts.items():
        path = f"{folder}/{language}.md"
        complaints += [Complaint(path, line, what) for line, what in _check_text(entry, text, deck, folders)]
        if language == "zh":
            complaints += [Complaint(path, line, what) for line, what in _check_chinese(entry, text)]
    complaints += [Complaint(primary, line, what) for line, what in _check_items(entry, deck)]
    if entry.snippet:
        complaints += [
            Complaint(f"{folder}/{SNIPPET}", hole.first, f"hole {hole.name!r} has no code item; name it as its item")
            for hole in entry.snippet.holes
            if getattr(entry.item(hole.name), "kind", None) is not Kind.CODE
        ]
    for number in entry.summary.related:
        if not deck.plans(number):
            complaints.append(Complaint(primary, 1, f"related names {number}, which is in none of the deck's chapters"))
    return complaints


Trouble = Iterator[tuple[int, str]]


def _all_blocks(entry: Entry, text: Text) -> Iterator[Block]:
    yield text.gist
    yield from walk(text.body)
    for item in entry.items:
        if wording := item.wordings.get(text.language):
            yield from walk(wording.question)
            yield from walk(wording.explanation)


def _check_text(entry: Entry, text: Text, deck: Deck, folders: set[str]) -> Trouble:
    source = entry.snippet.source.splitlines() if entry.snippet else []
    for block in _all_blocks(entry, text):
        if block.kind == "code" and block.info == "python" and not _is_run_of(block.text.splitlines(), source):
            yield block.line, f"the code is no run of lines of {SNIPPET}; copy it to the letter or call it illustration"
        for span in block.spans:
            if span.style == "link":
                yield from _check_link(span.source, text.language, block.line, deck, folders)


def _is_run_of(lines: list[str], source: list[str]) -> bool:
    count = len(lines)
    return any(source[at : at + count] == lines for at in range(len(source) - count + 1)) and count > 0


def _check_link(target: str, language: str, line: int, deck: Deck, folders: set[str]) -> Trouble:
    if target == SNIPPET or target.startswith(("https://", "http://")):
        return
    found = _ENTRY_LINK.match(target)
    if not found:
        yield line, f"a link to {target!r}; link to {SNIPPET}, ../061-its-slug/{language}.md or https://"
    elif found[1] not in folders and not deck.plans(number_of(found[1]) or -1):
        yield line, f"a link to {found[1]}, which is not in the deck; mend it"
    elif found[2] != language:
        yield line, f"a link to {found[2]}.md in a text of language {language}; link to {language}.md"


def _check_chinese(entry: Entry, text: Text) -> Trouble:
    for block in _all_blocks(entry, text):
        if block.kind not in ("code", "formula"):
            for place, message in misprints(sentence(block)):
                yield block.line, f"“{place}”: {message}"
    for item in entry.items:
        wording = item.wordings.get(text.language)
        for option in wording.options if wording else ():
            for place, message in misprints(sentence(Block("paragraph", option))):
                yield wording.question[0].line if wording and wording.question else 0, f"“{place}”: {message}"
    for place, message in misprints(text.title):
        yield 1, f"“{place}”: {message}"


def _check_items(entry: Entry, deck: Deck) -> Trouble:
    for item in entry.items:
        yield from _check_item(item, entry)
        if deck.complete and item.kind is Kind.CODE:
            if len(item.right) < MIN_RIGHT:
                yield item.line, f"item {item.id!r} has {len(item.right)} right solutions; {MIN_RIGHT} are needed"
            if len(item.wrong) < MIN_WRONG:
                yield item.line, f"item {item.id!r} has {len(item.wrong)} wrong solutions; {MIN_WRONG} are needed"
    if deck.complete:
        for kind, needed in MIN_ITEMS.items():
            count = sum(item.kind is kind for item in entry.items)
            if count < needed:
                yield 1, f"{count} items of the kind {kind}; {needed} are needed"
        if not any(item.kind is Kind.CHOICE and item.proof for item in entry.items):
            yield 1, "no choice item has a proof; add a python proof block to one"


def _check_item(item: Item, entry: Entry) -> Trouble:
    for what, code in (("proof", item.proof), (str(item.kind), item.code)):
        if message := _syntax_error(code):
            yield item.line, f"the {what} block of {item.id!r} is not Python: {message}"
    if item.kind is not Kind.CODE:
        return
    snippet = entry.snippet
    if snippet is None or snippet.hole(item.id) is None:
        yield item.line, f"item {item.id!r} has no hole; mark it in {SNIPPET} with # hole: {item.id} and # end"
        return
    own = _same(snippet.solution(item.id))
    seen: set[str] = set()
    for what, solutions in (("right", item.right), ("wrong", item.wrong)):
        for at, lines in enumerate(solutions, 1):
            if message := _syntax_error(snippet.filled(item.id, lines)):
                yield item.line, f"{what} solution {at} of {item.id!r} is not Python: {message}"
            if _same(lines) in seen:
                yield item.line, f"{what} solution {at} of {item.id!r} stands there twice; change one"
            if _same(lines) == own:
                yield item.line, f"{what} solution {at} of {item.id!r} is the snippet's own; write another"
            seen.add(_same(lines))


def _same(lines: str) -> str:
    """Solutions that differ in white space and comments alone are the same."""
    try:
        return ast.unparse(ast.parse(f"def f():\n{re.sub('^', '    ', lines, flags=re.MULTILINE)}\n"))
    except SyntaxError:
        return lines


def _syntax_error(code: str) -> str:
    try:
        ast.parse(code)
    except (SyntaxError, ValueError) as error:
        return str(error)
    return ""
