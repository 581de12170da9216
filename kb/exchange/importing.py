"""Importing: files of notes written as entries of a deck, and a report of everything that was not placed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kb.deck.kind import Kinds
from kb.deck.manifest import MAX_NUMBER
from kb.deck.source import MAX_BYTES, spoken_name
from kb.errors import KbError, Message
from kb.exchange.deck_folder import DeckFolder, slug_of
from kb.exchange.deck_texts import DeckTexts
from kb.exchange.note_code import Gathered, differing, gather
from kb.exchange.note_file import NoteFile, language_of, read_notes
from kb.exchange.note_page import NotePage, note_page, one_line
from kb.exchange.note_parts import take_apart
from kb.exchange.notes import Loose, Notes, Part, Remark

AROUND = 10_000
"""Bytes that a file may have beside an entry's own lines: front matter, marks of cards, a title that stands twice."""

OnStep = Callable[[int, int], None]

KEPT = Message("there already, to the letter")
"""What is said of an entry that the deck has."""


@dataclass
class Imported:
    """One entry, as it is written or would be."""

    number: int
    slug: str
    title: str
    line: int
    """In the notes, from 1."""
    heading: str
    """That line, as it stood, or those over which it runs."""
    files: dict[str, str]
    """Texts of its files by name."""
    code: Gathered
    note: str = ""
    """What is to be known of it, a ``Message``."""
    is_kept: bool = False
    """Whether the deck has this very text already, so that nothing is written."""
    is_joined: bool = False
    """Whether it is the translation of an entry that is there, or comes before."""

    @property
    def folder(self) -> str:
        """Name of its folder."""
        return f"{self.number:03}-{self.slug}"

    def to_json(self) -> dict[str, Any]:
        """As ``--json`` gives it."""
        return {
            "number": self.number,
            "title": self.title,
            "folder": self.folder,
            "line": self.line,
            "heading": self.heading,
            "has_code": bool(self.code.source),
            "left_out": [{"line": line, "why": why} for line, why in self.code.left_out],
            "note": self.note,
            "is_kept": self.is_kept,
        }


@dataclass
class FileReport:
    """What became of one file of notes."""

    path: str
    encoding: str
    language: str
    entries: list[Imported] = field(default_factory=list)
    loose: list[Loose] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As ``--json`` gives it."""
        return {
            "path": self.path,
            "encoding": self.encoding,
            "language": self.language,
            "entries": [one.to_json() for one in self.entries],
            "loose": [{"line": one.line, "text": one.text, "why": one.why} for one in self.loose],
            "remarks": [{"line": one.line, "message": one.message} for one in self.remarks],
        }


class Importer:
    """Files of notes on their way into a deck. Nothing is written before ``write``."""

    def __init__(
        self,
        target: Path,
        paths: Sequence[Path],
        language: str,
        kinds: Kinds,
        on_step: OnStep | None = None,
    ) -> None:
        """Read the files and say what each entry would be.

        Args:
            target: the deck's folder.
            paths: of the files.
            language: of all files; told by their letters if it is empty.
            kinds: that items may be of.
            on_step: is told how many entries are done, of how many, here and when they are written.

        Raises:
            KbError: a file cannot be read, or the folder cannot be a deck for them.
        """
        self._kinds = kinds
        self._on_step: OnStep = on_step or (lambda *_: None)
        files = [read_notes(path) for path in paths]
        spoken = [language or language_of(file.lines) for file in files]
        notes = [take_apart(file.lines, file.path.stem) for file in files]
        self.target = DeckFolder(target, tuple(dict.fromkeys(spoken)), _deck_title(files, notes))
        self._texts = DeckTexts(self.target)
        self._own: dict[int, Imported] = {}
        self._whole, self._read_ones = sum(len(found.parts) for found in notes), 0
        # What is translated has to be known before its translation is, whatever the order of the files.
        primary = self.target.languages[0]
        planned = {
            at: self._planned(files[at], spoken[at], notes[at])
            for at in sorted(range(len(files)), key=lambda at: spoken[at] != primary)
        }
        self.reports = [planned[at] for at in range(len(files))]

    @property
    def entries(self) -> list[Imported]:
        """All that are written, or would be, in their order."""
        return [entry for report in self.reports for entry in report.entries]

    def write(self) -> None:
        """Write every entry that the deck does not have.

        Raises:
            KbError: something cannot be written; what was written before stays.
        """
        written: set[int] = set()
        entries = self.entries
        if entries:
            self.target.begin()
        for at, entry in enumerate(entries):
            self._on_step(at, len(entries))
            if entry.is_kept or entry.number in written:
                continue
            if entry.is_joined:
                ((name, text),) = entry.files.items()
                self.target.add_text(entry.folder, name, text)
            else:
                self.target.add(entry.number, entry.slug, entry.files)
                written.add(entry.number)

    def _planned(self, file: NoteFile, language: str, notes: Notes) -> FileReport:
        report = FileReport(spoken_name(str(file.path)), file.encoding, language, [], notes.loose, notes.remarks)
        if self.target.deck and language not in self.target.languages:
            raise KbError(
                "{path} is in {language}, which the deck does not have",
                "add it to languages in deck.toml, or name one of them with --written-in",
                path=report.path,
                language=language,
            )
        for part in notes.parts:
            self._on_step(self._read_ones, self._whole)
            self._read_ones += 1
            entry = self._entry(part, language, report)
            if entry:
                report.entries.append(entry)
        return report

    def _entry(self, part: Part, language: str, report: FileReport) -> Imported | None:
        lines = [part.heading, *part.body, *(line for asked, body in part.cards for line in (asked, *body))]
        if sum(len(line.encode()) + 1 for line in lines) > MAX_BYTES - AROUND:
            what = Message("larger than {most} MB, which no entry may be", most=MAX_BYTES // 1_000_000)
            report.loose += [Loose(part.line, line, what) for line in lines if line.strip()]
            return None
        primary = self.target.languages[0]
        if language != primary and (joined := self._translation(part, language, report)):
            return joined
        trial = part.number if part.number is not None and part.number <= MAX_NUMBER else self.target.next_number
        page = self._page(part, trial, primary)
        asked = [line for question, answer in part.cards for line in (question, *answer)]
        is_free = part.number is not None and part.number not in self.target.taken
        if not is_free and (there := self._texts.same(primary, page.text, asked)) is not None:
            return self._kept(part, there)
        number = self.target.free_number(part.number)
        page = page if number == trial else self._page(part, number, primary)
        report.remarks += page.remarks
        if language != primary:
            _tell_misplaced(part, language, primary, report)
        code = gather(page.text, part.title)
        files = {f"{primary}.md": page.text} | ({"snippet.py": code.source} if code.source else {})
        note = self._note(part, number, page.text)
        made = Imported(number, slug_of(part.title), part.title, part.line, part.heading, files, code, note)
        self._own[number] = made
        self._texts.add(number, primary, page.text)
        return made

    def _note(self, part: Part, number: int, page: str) -> str:
        """What is to be known of a new entry."""
        other = self._texts.titled(self.target.languages[0], page)
        if other is not None and number != part.number:
            return Message("{other} has the same title and another text; this got {number}", other=other, number=number)
        if part.number is not None and number != part.number:
            return Message("{number} is taken; it got {other}", number=part.number, other=number)
        if not self.target.plans(number):
            return Message("{number} is in none of the deck's chapters; add it to deck.toml", number=number)
        return ""

    def _translation(self, part: Part, language: str, report: FileReport) -> Imported | None:
        """The part as what an entry lacks in a language; None if no entry has its number and lacks it."""
        number, primary = part.number, self.target.languages[0]
        known = self._texts.of(number, primary) if number is not None else None
        if number is None or known is None:
            return None
        if {language, primary} == {"en", "zh"} and known.spoken == language:
            return None  # that one translates nothing either
        page = self._page(part, number, primary, language)
        if (there := self._texts.same(language, page.text, ())) is not None:
            return self._kept(part, there)
        if self._texts.of(number, language):
            return None
        own, name = self._own.get(number), self._folder(number)
        if not own and not self.target.may_add_text(name, language):
            return None
        report.remarks += page.remarks
        original = own.files[f"{primary}.md"] if own else self._texts.page(name, primary) or ""
        note = Message("the translation of {number}: {title}", number=number, title=known.title)
        code = differing(page.text, original)
        self._texts.add(number, language, page.text)
        if own:
            own.files[f"{language}.md"] = page.text
        files = own.files if own else {f"{language}.md": page.text}
        slug = name.partition("-")[2]
        return Imported(number, slug, part.title, part.line, part.heading, files, code, note, is_joined=not own)

    def _kept(self, part: Part, number: int) -> Imported:
        """The entry that says the very same already."""
        slug = self._folder(number).partition("-")[2]
        code = Gathered("", ())
        return Imported(number, slug, part.title, part.line, part.heading, {}, code, KEPT, is_kept=True)

    def _folder(self, number: int) -> str:
        """The name of the folder that an entry has or gets."""
        own = self._own.get(number)
        return own.folder if own else self.target.folders[number][0]

    def _page(self, part: Part, number: int, language: str, translation: str = "") -> NotePage:
        front = "" if translation else f"---\narea: {self.target.area}\nlevel: 1\ntags: []\n---\n\n"
        return note_page(part, number, front, translation or language, bool(translation), self._kinds)


def _tell_misplaced(part: Part, language: str, primary: str, report: FileReport) -> None:
    """Say once of a file that its language is not that of the files that are written."""
    what = Message(
        "in {language} and the translation of none: it stands in {primary}.md, which every entry has, and so "
        "do others; a deck of their own keeps them apart",
        language=language,
        primary=primary,
    )
    if all(remark.message != what for remark in report.remarks):
        report.remarks.append(Remark(part.line, what))


def _deck_title(files: Sequence[NoteFile], notes: Sequence[Notes]) -> str:
    """What the first notes that have a title call themselves, or the first file's name."""
    titles = (one_line(found.title) for found in notes)
    return next(filter(None, titles), "") or one_line(spoken_name(files[0].path.stem)) or "Notes"
