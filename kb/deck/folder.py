"""Folder: the files of one entry made into one Entry, with every complaint about them."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kb.deck.entry import Entry
from kb.deck.front_matter import Front
from kb.deck.kind import Kinds
from kb.deck.manifest import FOLDER, LOOSE_FILES, Deck, is_folder, listed, number_of
from kb.deck.page import Page, parse_page
from kb.deck.quiz_section import join_items
from kb.deck.script import Snippet, read_snippet
from kb.deck.source import Unreadable, cannot_be_read, read_source, spoken_name
from kb.deck.summary import Summary
from kb.deck.text import Text
from kb.errors import Complaint, Message

SNIPPET = "snippet.py"
OUTPUT = "output.txt"

UNFORESEEN = "cannot be read ({error}); write it more plainly"

Value = TypeVar("Value")


def stray_files(deck: Deck) -> list[Complaint]:
    """What lies in a deck's folder and belongs to nothing."""
    complaints = []
    for path in listed(deck.path):
        if path.name.startswith(".") or path.name == "__pycache__":
            continue
        if is_folder(path) and number_of(path.name) is None:
            complaints.append(Complaint(spoken_name(path.name), 0, Message("no entry's folder; name it 061-its-slug")))
        elif not is_folder(path) and path.name not in LOOSE_FILES:
            complaints.append(
                Complaint(spoken_name(path.name), 0, Message("an unexpected file; move it out of the deck"))
            )
    return complaints


def load_entry(folder: Path, deck: Deck, kinds: Kinds) -> tuple[Entry | None, list[Complaint]]:
    """Read one entry's folder.

    The entry is None where not even a title and a gist in the primary language can be read. Never raises for what
    lies in the folder: what no rule of the format foresees costs the file that holds it, see ``_Folder.kept``.
    """
    found = FOLDER.fullmatch(folder.name)
    if found is None:
        return None, [Complaint(spoken_name(folder.name), 0, Message("no entry's folder; name it 061-its-slug"))]
    reading = _Folder(folder, int(found[1]), deck, kinds)
    entry = reading.kept(folder.name, lambda: reading.entry(found[2]))
    return entry, reading.complaints


class _Folder:
    """One folder while it is being read."""

    def __init__(self, folder: Path, number: int, deck: Deck, kinds: Kinds) -> None:
        self.folder = folder
        self.number = number
        self.deck = deck
        self.kinds = kinds
        self.complaints: list[Complaint] = []

    def complain(self, path: str, line: int, message: Message) -> None:
        self.complaints.append(Complaint(path, line, message))

    def kept(self, path: str, read: Callable[[], Value]) -> Value | None:
        """What a reading gives; whatever it raises becomes a complaint about the path, and None is what was read.

        The one boundary between what lies in a deck and everything that is done with it: the parsers of Markdown, YAML
        and Python raise what they like, at some depth or other, and every other entry must be there all the same.
        """
        try:
            return read()
        except OSError as error:
            self.complain(path, 0, cannot_be_read(error.strerror or error).message)
        except RecursionError:
            self.complain(path, 0, Message("nested too deep; write it flatter"))
        except Exception as error:
            self.complain(path, 0, Message(UNFORESEEN, error=f"{type(error).__name__}: {str(error)[:200]}"))
        return None

    def entry(self, slug: str) -> Entry | None:
        self.look_for_strays()
        if not self.deck.plans(self.number):
            what = Message("{number} is in none of the deck's chapters; add it to deck.toml", number=self.number)
            self.complain(self.folder.name, 0, what)
        pages = {language: page for language in self.deck.languages if (page := self.page(language))}
        snippet = self.snippet()
        primary = self.deck.languages[0]
        if primary not in pages or pages[primary].text is None:
            return None
        paths = {language: self.path(f"{language}.md") for language in pages}
        drafts = {language: page.drafts for language, page in pages.items()}
        joined = self.kept(paths[primary], lambda: join_items(self.number, drafts, paths, self.kinds))
        items, differences = joined or ((), [])
        self.complaints += differences
        texts = {language: page.text for language, page in pages.items() if page.text is not None}
        summary = _summary(self.number, slug, pages[primary].front or Front(), texts, snippet)
        return Entry(summary, texts, snippet, items)

    def path(self, name: str) -> str:
        """A file as complaints call it."""
        return f"{self.folder.name}/{spoken_name(name)}"

    def look_for_strays(self) -> None:
        expected = {*(f"{language}.md" for language in self.deck.languages), SNIPPET, OUTPUT}
        for path in sorted(self.folder.iterdir()):
            if path.name not in expected and path.name != "__pycache__":
                what = Message("an unexpected file; an entry holds {known}", known=", ".join(sorted(expected)))
                self.complain(self.path(path.name), 0, what)

    def page(self, language: str) -> Page | None:
        name = f"{language}.md"
        path = self.path(name)
        source = self.source(name, needed=language == self.deck.languages[0] or self.deck.complete)
        if source is None:
            return None
        page = self.kept(path, lambda: parse_page(source, path, language, self.deck, self.kinds))
        if page is None:
            return None
        self.complaints += page.complaints
        if page.number not in (None, self.number):
            what = Message(
                "the title says {title}, the folder {folder}; make them one", title=page.number, folder=self.number
            )
            self.complain(path, 1, what)
        return page

    def snippet(self) -> Snippet | None:
        source = self.source(SNIPPET, needed=self.deck.complete)
        if source is None:
            return None
        path = str((self.folder / SNIPPET).absolute())
        read = self.kept(self.path(SNIPPET), lambda: read_snippet(path, source))
        snippet, trouble = read or (None, [])
        for line, message in trouble:
            self.complaints.append(Complaint(self.path(SNIPPET), line, message))
        return snippet

    def source(self, name: str, needed: bool) -> str | None:
        """A file's text; None if it is missing or is none."""
        try:
            return read_source(self.folder / name)
        except FileNotFoundError:
            if needed:
                self.complain(self.path(name), 0, Message("missing; write it"))
        except Unreadable as error:
            self.complain(self.path(name), 0, error.message)
        return None


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
        gists={language: text.short for language, text in texts.items()},
        sha256=snippet.sha256 if snippet else "",
    )
