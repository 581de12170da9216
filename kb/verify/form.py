"""Form: what is wrong with a whole deck, without running anything."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from kb.deck.entry import Entry
from kb.deck.folder import OUTPUT, SNIPPET, load_entry, stray_files
from kb.deck.harmless import HARMLESS, harmless_lines
from kb.deck.kind import Trouble
from kb.deck.manifest import FILE, Deck, entry_folders, number_of, read_deck
from kb.deck.markdown import walk
from kb.deck.script import parse_python
from kb.deck.source import Unreadable, read_source
from kb.deck.text import Block, Text, bare_lines
from kb.errors import Complaint, Message
from kb.search.glossary import read_glossary
from kb.search.known_messages import read_messages
from kb.search.labelled import FILE as QUERIES
from kb.search.labelled import Labelled, read_queries
from kb.search.symptoms import read_symptoms
from kb.verify.kind import VerifiedKinds
from kb.verify.record import check_records
from kb.verify.typography import misprints, sentence

MIN_QUERIES = 5
"""How many labelled queries should find each entry of a complete deck that has queries at all."""

_ENTRY_LINK = re.compile(r"^\.\./([^/]+)/([^/]+)\.md$")


def check_deck(deck: Deck, kinds: VerifiedKinds) -> list[Complaint]:
    """Every violation of the format in a deck, in the order of the files."""
    _, complaints = read_deck(deck.path)
    complaints += stray_files(deck)
    folders = entry_folders(deck.path)
    names = {folder.name for folder in folders}
    owners: dict[int, str] = {}
    for folder in folders:
        number = number_of(folder.name) or 0
        if number in owners:
            what = Message(
                "{other} has the number {number} too; give each its own", other=owners[number], number=number
            )
            complaints.append(Complaint(folder.name, 0, what))
        owners.setdefault(number, folder.name)
        entry, found = load_entry(folder, deck, kinds)
        complaints += found
        if entry is not None:
            complaints += check_entry(entry, deck, kinds, names)
        complaints += _check_output(folder, deck)
    complaints += [*check_records(deck.path), *read_glossary(deck.path)[1]]
    complaints += [*read_symptoms(deck.path)[1], *read_messages(deck)[1]]
    queries, found = read_queries(deck.path)
    complaints += found
    for query in queries:
        for number in query.entries:
            if not deck.plans(number):
                what = Message(
                    "the query {text!r} names {number}, which is in none of the deck's chapters",
                    text=query.text,
                    number=number,
                )
                complaints.append(Complaint(QUERIES, 0, what))
    if deck.complete and queries:
        complaints += _scarce_queries(queries, owners)
    if not folders:
        complaints.append(Complaint(FILE, 0, Message("the deck has no entries; add a folder 061-its-slug")))
    return sorted(set(complaints))


def _check_output(folder: Path, deck: Deck) -> list[Complaint]:
    """What is wrong with what a snippet printed when it was recorded last."""
    try:
        read_source(folder / OUTPUT)
    except Unreadable as error:
        # Of a folder that cannot be looked into as a whole that was said already.
        return [Complaint(f"{folder.name}/{OUTPUT}", 0, error.message)] if os.path.lexists(folder / OUTPUT) else []
    except FileNotFoundError:
        what = Message("missing; kb verify --record writes it")
        return [Complaint(f"{folder.name}/{OUTPUT}", 0, what)] if deck.complete else []
    return []


def _scarce_queries(queries: list[Labelled], owners: dict[int, str]) -> list[Complaint]:
    """Entries that too few queries should find."""
    counts = Counter(number for query in queries for number in query.entries)
    return [
        Complaint(
            QUERIES,
            0,
            Message(
                "{found} {found:query|queries} for {folder}; write at least {least}",
                found=counts[number],
                folder=folder,
                least=MIN_QUERIES,
            ),
        )
        for number, folder in sorted(owners.items())
        if counts[number] < MIN_QUERIES
    ]


def check_entry(entry: Entry, deck: Deck, kinds: VerifiedKinds, folders: set[str]) -> list[Complaint]:
    """What is wrong between the files of an entry: blocks and snippet, items and holes, links, translations."""
    complaints: list[Complaint] = []
    folder = entry.summary.folder
    primary = f"{folder}/{deck.languages[0]}.md"
    for language, text in entry.texts.items():
        path = f"{folder}/{language}.md"
        complaints += [Complaint(path, line, what) for line, what in _check_text(entry, text, deck, folders)]
        if language == "zh":
            complaints += [Complaint(path, line, what) for line, what in _check_chinese(entry, text)]
    complaints += [Complaint(primary, line, what) for line, what in _check_items(entry, deck, kinds)]
    if entry.snippet:
        complaints += [
            Complaint(
                f"{folder}/{SNIPPET}",
                hole.first,
                Message("hole {name!r} has no code item; name it as its item", name=hole.name),
            )
            for hole in entry.snippet.holes
            if not ((item := entry.item(hole.name)) and kinds[item.kind].fills_hole)
        ]
        complaints += [
            Complaint(f"{folder}/{SNIPPET}", line, Message("{mark} without a reason; say why behind it", mark=HARMLESS))
            for line, reason in harmless_lines(entry.snippet.source).items()
            if not reason
        ]
    for number in entry.summary.related:
        if not deck.plans(number):
            complaints.append(
                Complaint(
                    primary,
                    1,
                    Message("related names {number}, which is in none of the deck's chapters", number=number),
                )
            )
    return complaints


def _all_blocks(entry: Entry, text: Text) -> Iterator[Block]:
    yield text.gist
    yield from walk(text.body)
    for item in entry.items:
        if wording := item.wordings.get(text.language):
            yield from walk(wording.question)
            for hint in wording.hints:
                yield from walk(hint)
            yield from walk(wording.explanation)


def _check_text(entry: Entry, text: Text, deck: Deck, folders: set[str]) -> Trouble:
    source = _bounded(entry.snippet.shown) if entry.snippet else ""
    for block in _all_blocks(entry, text):
        if block.kind == "code" and block.info == "python" and _bounded(block.text) not in source:
            yield (
                block.line,
                Message(
                    "the code is no run of lines of {snippet}; copy it to the letter or call it illustration",
                    snippet=SNIPPET,
                ),
            )
        for span in block.spans:
            if span.style == "link":
                yield from _check_link(span.source, text.language, block.line, deck, folders)


def _bounded(code: str) -> str:
    """Code with a line's end before and after each line, so that a part of a line is no line."""
    return "".join(f"\n{line}\n" for line in bare_lines(code)) or "no line at all"


def _check_link(target: str, language: str, line: int, deck: Deck, folders: set[str]) -> Trouble:
    if target == SNIPPET or target.startswith(("https://", "http://")):
        return
    found = _ENTRY_LINK.match(target)
    if not found:
        yield (
            line,
            Message(
                "a link to {target!r}; link to {snippet}, ../061-its-slug/{language}.md or https://",
                target=target,
                snippet=SNIPPET,
                language=language,
            ),
        )
    elif found[1] not in folders and not deck.plans(number_of(found[1]) or -1):
        yield line, Message("a link to {found}, which is not in the deck; mend it", found=found[1])
    elif found[2] != language:
        yield (
            line,
            Message(
                "a link to {found}.md in a text of language {language}; link to {language}.md",
                found=found[2],
                language=language,
            ),
        )


def _check_chinese(entry: Entry, text: Text) -> Trouble:
    for block in _all_blocks(entry, text):
        if block.kind not in ("code", "formula"):
            for place, message in misprints(sentence(block)):
                yield block.line, Message("“{place}”: {message}", place=place, message=message)
    for item in entry.items:
        wording = item.wordings.get(text.language)
        for option in wording.options if wording else ():
            for place, message in misprints(sentence(Block("paragraph", option))):
                yield (
                    wording.question[0].line if wording and wording.question else 0,
                    Message("“{place}”: {message}", place=place, message=message),
                )
    for place, message in misprints(text.title):
        yield 1, Message("“{place}”: {message}", place=place, message=message)


def _check_items(entry: Entry, deck: Deck, kinds: VerifiedKinds) -> Trouble:
    for item in entry.items:
        if message := syntax_error(item.proof):
            yield item.line, Message("the proof block of {id!r} is not Python: {message}", id=item.id, message=message)
        yield from kinds[item.kind].check(item, entry, deck.complete)
    if not deck.complete:
        return
    for kind in kinds.values():
        ours = [item for item in entry.items if item.kind == kind.name]
        if len(ours) < kind.least:
            yield (
                1,
                Message(
                    "{found} {found:item|items} of the kind {name}; at least {least} needed",
                    found=len(ours),
                    name=kind.name,
                    least=kind.least,
                ),
            )
    for kind in kinds.values():
        if kind.wants_proof and not any(item.proof for item in entry.items if item.kind == kind.name):
            yield 1, Message("no {name} item has a proof; add a python proof block to one", name=kind.name)


def syntax_error(code: str) -> str:
    """Why a text is not Python; empty if it is."""
    try:
        parse_python(code)
    except SyntaxError as error:
        return str(error)
    return ""
