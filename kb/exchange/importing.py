"""Importing: files of notes written as entries of a deck, and a report of everything that was not placed."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kb.deck.kind import Kinds
from kb.deck.manifest import Deck
from kb.deck.page import Page, parse_page
from kb.deck.source import MAX_BYTES, Unreadable, read_source, spoken_name
from kb.errors import KbError, Message
from kb.exchange.deck_folder import AREA, DeckFolder, slug_of
from kb.exchange.note_code import Gathered, gather
from kb.exchange.note_file import NoteFile, read_notes
from kb.exchange.note_parts import take_apart
from kb.exchange.notes import Loose, Notes, Part, Remark

AROUND = 10_000
"""Bytes that a file may have beside an entry's own lines: front matter, marks of cards, a title that stands twice."""

CHINESE = 0.1
"""Share of Chinese characters among letters from which on a text is Chinese."""

_HAN = re.compile(r"[\u4e00-\u9fff\u3400-\u4dbf]")
_LETTER = re.compile(r"[A-Za-z]")
_QUIZ = re.compile(r"^( {0,3}##[ \t]+Quiz)[ \t]*#*[ \t]*$")
_DEEP = re.compile(r"^( {0,3})(#{1,3})(?=[ \t])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

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
    """That line, as it stood."""
    files: dict[str, str]
    """Texts of its files by name."""
    code: Gathered
    note: str = ""
    """What is to be known of it, a ``Message``."""
    is_kept: bool = False
    """Whether the deck has this very text already, so that nothing is written."""

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
        self._own: dict[int, Imported] = {}
        self._whole, self._read_ones = sum(len(found.parts) for found in notes), 0
        self.reports = [
            self._planned(file, told, found) for file, told, found in zip(files, spoken, notes, strict=True)
        ]

    @property
    def entries(self) -> list[Imported]:
        """All that are written, or would be, in their order."""
        return [entry for report in self.reports for entry in report.entries]

    def write(self) -> None:
        """Write every entry that the deck does not have.

        Raises:
            KbError: something cannot be written; what was written before stays.
        """
        self.target.begin()
        written: set[int] = set()
        entries = self.entries
        for at, entry in enumerate(entries):
            self._on_step(at, len(entries))
            if not entry.is_kept and entry.number not in written:
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
        own = self._own.get(part.number) if part.number is not None else None
        if own and language != primary and f"{language}.md" not in own.files:
            page = self._page(part, own.number, language, is_translation=True, report=report)
            own.files[f"{language}.md"] = page
            return Imported(own.number, own.slug, part.title, part.line, part.heading, own.files, Gathered("", ()))
        same = self._kept(part, primary)
        if same:
            return same
        number = self.target.free_number(part.number)
        page = self._page(part, number, primary, is_translation=False, report=report)
        code = gather(page, part.title)
        files = {f"{primary}.md": page} | ({"snippet.py": code.source} if code.source else {})
        note = ""
        if part.number is not None and number != part.number:
            note = Message("{number} is taken; it got {other}", number=part.number, other=number)
        elif not self.target.plans(number):
            note = Message("{number} is in none of the deck's chapters; add it to deck.toml", number=number)
        made = Imported(number, slug_of(part.title), part.title, part.line, part.heading, files, code, note)
        if part.number is not None:
            self._own[part.number] = made
        return made

    def _kept(self, part: Part, language: str) -> Imported | None:
        """The deck's entry that has this very text, if it has one."""
        if part.number is None:
            return None
        for name in self.target.folders.get(part.number, ()):
            quiet = FileReport("", "", "")
            wanted = self._page(part, part.number, language, is_translation=False, report=quiet)
            try:
                lies_there = read_source(self.target.path / name / f"{language}.md")
            except (OSError, Unreadable):
                continue
            if _answer(lies_there) == _answer(wanted):
                slug = name.partition("-")[2]
                code = Gathered("", ())
                return Imported(part.number, slug, part.title, part.line, part.heading, {}, code, KEPT, is_kept=True)
        return None

    def _page(self, part: Part, number: int, language: str, is_translation: bool, report: FileReport) -> str:
        """The text of an entry's file, which reads as what it was made of."""
        front = "" if is_translation else f"---\narea: {self.target.area}\nlevel: 1\ntags: []\n---\n\n"
        body = self._without_quiz(part, report)
        title = _title(part.title)
        cards = list(part.cards)
        page = _joined(front, number, title, body, cards)
        read = self._read(page, language, is_translation)
        if read.number != number or read.text is None or not read.text.title.strip():
            # A title that is no text by itself, such as an image: it goes above the answer.
            page = _joined(front, number, f"{number}", [part.title, "", *body], cards)
            read = self._read(page, language, is_translation)
        if len(read.drafts) != len(cards):
            asked = [line for question, answer in cards for line in (f"**{question}**", "", *answer, "")]
            page = _joined(front, number, title, [*body, "", *asked], [])
        return page

    def _without_quiz(self, part: Part, report: FileReport) -> list[str]:
        """The answer's lines; a heading that would begin the entry's quiz gets a full stop."""
        body = []
        for at, line in enumerate(part.body):
            if found := _QUIZ.match(line):
                what = Message("{text!r} begins the questions of an entry; it got a full stop", text=line.strip())
                report.remarks.append(Remark(part.line + at + 1, what))
                line = f"{found[1]}."
            body.append(line)
        return body

    def _read(self, page: str, language: str, is_translation: bool) -> Page:
        languages = ("", language) if is_translation else (language,)
        deck = Deck(Path(), "", {}, languages, AREA, ())
        return parse_page(page, "", language, deck, self._kinds)


def language_of(lines: Sequence[str]) -> str:
    """``zh`` if a good part of the letters are Chinese, else ``en``."""
    sample = "".join(lines[:2_000])[:200_000]
    chinese, latin = len(_HAN.findall(sample)), len(_LETTER.findall(sample))
    return "zh" if chinese > CHINESE * (chinese + latin) else "en"


def _joined(
    front: str, number: int, title: str, body: Sequence[str], cards: Sequence[tuple[str, Sequence[str]]]
) -> str:
    lines = [f"{front}# {number}. {title}", "", *body]
    if cards:
        lines += ["", "## Quiz"]
    for at, (question, answer) in enumerate(cards, 1):
        lines += ["", f"### card-{at}", "", question, "", *(_DEEP.sub(r"\1####", line) for line in answer)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _title(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())


def _answer(page: str) -> str:
    """An entry's text without what a writer adds to it: front matter and quiz."""
    body = page.split("\n---\n", 1)[-1] if page.startswith("---\n") else page
    return body.split("\n## Quiz\n", 1)[0].strip()


def _deck_title(files: Sequence[NoteFile], notes: Sequence[Notes]) -> str:
    """The first heading that is no entry's, or the first file's name."""
    for file, found in zip(files, notes, strict=True):
        for line in file.lines[:50]:
            if line.startswith("# ") and all(part.heading != line for part in found.parts):
                return _title(line[2:]) or file.path.stem
    return _title(spoken_name(files[0].path.stem)) or "Notes"
