"""Folder: the files of one entry made into one Entry, with every complaint about them."""

from pathlib import Path

from kb.deck.entry import Entry
from kb.deck.front_matter import Front
from kb.deck.kind import Kinds
from kb.deck.manifest import FOLDER, LOOSE_FILES, Deck, number_of
from kb.deck.page import Page, parse_page
from kb.deck.quiz_section import join_items
from kb.deck.script import Snippet, read_snippet
from kb.deck.summary import Summary
from kb.deck.text import Text, plain
from kb.errors import Complaint, Message

SNIPPET = "snippet.py"
OUTPUT = "output.txt"


def stray_files(deck: Deck) -> list[Complaint]:
    """What lies in a deck's folder and belongs to nothing."""
    complaints = []
    for path in sorted(deck.path.iterdir()):
        if path.name.startswith(".") or path.name == "__pycache__":
            continue
        if path.is_dir() and number_of(path.name) is None:
            complaints.append(Complaint(path.name, 0, Message("no entry's folder; name it 061-its-slug")))
        elif not path.is_dir() and path.name not in LOOSE_FILES:
            complaints.append(Complaint(path.name, 0, Message("an unexpected file; move it out of the deck")))
    return complaints


def load_entry(folder: Path, deck: Deck, kinds: Kinds) -> tuple[Entry | None, list[Complaint]]:
    """Read one entry's folder.

    The entry is None where not even a title and a gist in the primary language can be read. Never raises for what
    the files hold.
    """
    found = FOLDER.match(folder.name)
    if found is None:
        return None, [Complaint(folder.name, 0, Message("no entry's folder; name it 061-its-slug"))]
    number, slug = int(found[1]), found[2]
    complaints = _strays(folder, deck)
    if not deck.plans(number):
        complaints.append(
            Complaint(
                folder.name,
                0,
                Message("{number} is in none of the deck's chapters; add it to deck.toml", number=number),
            )
        )

    pages: dict[str, Page] = {}
    paths = {language: f"{folder.name}/{language}.md" for language in deck.languages}
    for at, language in enumerate(deck.languages):
        source = _read(folder / f"{language}.md", paths[language], complaints, needed=at == 0 or deck.complete)
        if source is None:
            continue
        page = parse_page(source, paths[language], language, deck, kinds)
        complaints += page.complaints
        if page.number not in (None, number):
            what = Message(
                "the title says {title}, the folder {folder}; make them one", title=page.number, folder=number
            )
            complaints.append(Complaint(paths[language], 1, what))
        pages[language] = page

    snippet = _load_snippet(folder, deck, complaints)
    primary = deck.languages[0]
    if primary not in pages or pages[primary].text is None:
        return None, complaints
    items, differences = join_items(number, {language: page.drafts for language, page in pages.items()}, paths, kinds)
    complaints += differences
    texts = {language: page.text for language, page in pages.items() if page.text is not None}
    summary = _summary(number, slug, pages[primary].front or Front(), texts, snippet)
    return Entry(summary, texts, snippet, items), complaints


def _summary(number: int, slug: str, front: Front, texts: dict[str, Text], snippet: Snippet | None) -> Summary:
    return Summary(
        number=number,
        slug=slug,
        area=front.area,
        level=front.level,
        tags=front.tags,
        related=tuple(other for other in front.related if other != number),
        aliases=front.aliases,
        errors=front.errors,
        titles={language: text.title for language, text in texts.items()},
        gists={language: plain(text.gist.spans) for language, text in texts.items()},
        sha256=snippet.sha256 if snippet else "",
    )


def _strays(folder: Path, deck: Deck) -> list[Complaint]:
    expected = {*(f"{language}.md" for language in deck.languages), SNIPPET, OUTPUT}
    complaints = []
    for path in sorted(folder.iterdir()):
        if path.name not in expected and path.name != "__pycache__":
            what = Message("an unexpected file; an entry holds {known}", known=", ".join(sorted(expected)))
            complaints.append(Complaint(f"{folder.name}/{path.name}", 0, what))
    return complaints


def _load_snippet(folder: Path, deck: Deck, complaints: list[Complaint]) -> Snippet | None:
    name = f"{folder.name}/{SNIPPET}"
    source = _read(folder / SNIPPET, name, complaints, needed=deck.complete)
    if source is None:
        return None
    snippet, trouble = read_snippet(str((folder / SNIPPET).absolute()), source)
    complaints += [Complaint(name, line, message) for line, message in trouble]
    return snippet


def _read(path: Path, name: str, complaints: list[Complaint], needed: bool) -> str | None:
    """A file's text with ``\\n`` line ends; None if it is missing or is no UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        if needed:
            complaints.append(Complaint(name, 0, Message("missing; write it")))
    except UnicodeDecodeError as error:
        complaints.append(Complaint(name, 0, Message("not UTF-8 at byte {start}; save it as UTF-8", start=error.start)))
    except OSError as error:
        complaints.append(
            Complaint(name, 0, Message("cannot be read: {error}; mend its permissions", error=error.strerror))
        )
    return None
