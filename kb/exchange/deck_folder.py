"""Deck folder: a deck on the disk to which entries are added; nothing that lies there is ever changed."""

import errno
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kb.deck.manifest import FILE, MAX_NUMBER, is_folder, listed, new_id, number_of, read_deck
from kb.deck.source import spoken_name
from kb.deck.toml_text import toml_text
from kb.errors import KbError, Message, UsageError
from kb.places import builtin_deck

AREA = {"notes": {"en": "notes", "zh": "笔记"}}
"""The area of a deck that notes make."""

SLUG_WORDS = 5


class DeckFolder:
    """A deck, there already or to be made with its first entry."""

    def __init__(self, path: Path, languages: tuple[str, ...], title: str) -> None:
        """Look at what lies there.

        Args:
            path: the deck's folder.
            languages: of the notes, the primary one first, for a deck that is made.
            title: of a deck that is made.

        Raises:
            UsageError: something else than a deck lies there, or a deck that notes are not for.
        """
        self.path = path
        self.is_new = not os.path.lexists(path / FILE)
        see_place(path, not self.is_new)
        self._title = title
        self._made = languages
        self.deck = None if self.is_new else read_deck(path)[0]
        self.folders: dict[int, list[str]] = {}
        """The names of the folders that have a number: one, unless somebody made a mistake."""
        for name in sorted(one.name for one in listed(path)) if is_folder(path) else ():
            if (number := number_of(name)) is not None:
                self.folders.setdefault(number, []).append(name)
        self.taken = set(self.folders)
        self._largest = max(self.taken, default=0)

    @property
    def languages(self) -> tuple[str, ...]:
        """Of the deck, the primary one first."""
        return self.deck.languages if self.deck else self._made

    @property
    def area(self) -> str:
        """An area for entries that name none."""
        return next(iter(self.deck.areas), "notes") if self.deck else next(iter(AREA))

    @property
    def next_number(self) -> int:
        """The one above all others, as far as numbers go."""
        return min(self._largest + 1, MAX_NUMBER)

    def free_number(self, wanted: int | None) -> int:
        """The number that is wanted, or the next one above all others.

        Raises:
            KbError: there is none left.
        """
        if wanted is None or wanted in self.taken:
            wanted = self._largest + 1
        if wanted > MAX_NUMBER:
            raise KbError("no number is left above {most}", "give the entries smaller ones", most=MAX_NUMBER)
        self._take(wanted)
        return wanted

    def _take(self, number: int) -> None:
        self.taken.add(number)
        self._largest = max(self._largest, number)

    def claim(self, number: int) -> None:
        """Take a number for an entry.

        Raises:
            UsageError: another entry has it, or none of the deck's chapters.
        """
        if number in self.taken:
            name = self.folders[number][0]
            raise UsageError("{number} is taken by {name}", "choose another number", number=number, name=name)
        if not self.plans(number):
            raise UsageError(
                "{number} is in none of the deck's chapters", "add it to deck.toml, or choose another", number=number
            )
        self._take(number)

    def plans(self, number: int) -> bool:
        """Whether the deck's chapters have a place for a number."""
        return self.deck is None or self.deck.plans(number)

    def begin(self) -> None:
        """Make the folder and its ``deck.toml``, where there is none."""
        if not self.is_new:
            return
        self.path.mkdir(parents=True, exist_ok=True)
        quoted = ", ".join(f'"{one}"' for one in self.languages)
        titles = "\n".join(f"{_key(one)} = {toml_text(self._title)}" for one in self.languages)
        name = self.path.resolve().name or "notes"
        areas = ", ".join(f"{_key(one)} = {toml_text(AREA['notes'].get(one, 'notes'))}" for one in self.languages)
        write_new(
            self.path / FILE,
            f"name = {toml_text(spoken_name(name))}\nid = {toml_text(new_id(name))}\nlanguages = [{quoted}]\n\n"
            f"[titles]\n{titles}\n\n[areas]\nnotes = {{ {areas} }}\n",
        )
        self.is_new = False

    def add(self, number: int, slug: str, files: Mapping[str, str]) -> Path:
        """Put an entry's files into a folder of its own, all of them or none.

        Raises:
            KbError: the folder cannot be written.
        """
        folder = self.path / f"{number:03}-{slug}"
        with telling_refusals(folder, Message("mend it")):
            self.begin()
            made = Path(tempfile.mkdtemp(prefix=".import-", dir=self.path))
            try:
                for name, text in files.items():
                    write_new(made / name, text)
                made.chmod(0o755)
                # A rename onto a folder that holds something fails. To claim the name with an empty one of our own
                # would make the system wait for the disk to forget that one, 5 ms for each entry.
                if os.path.lexists(folder):
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
                made.rename(folder)
            finally:
                shutil.rmtree(made, ignore_errors=True)
        return folder

    def may_add_text(self, name: str, language: str) -> bool:
        """Whether an entry's folder lacks a language, and is one: a link may lead out of the deck."""
        folder = self.path / name
        return not folder.is_symlink() and not os.path.lexists(folder / f"{language}.md")

    def add_text(self, folder: str, name: str, text: str) -> None:
        """Put a translation's file into an entry's folder.

        Raises:
            KbError: there is one, or it cannot be written.
        """
        path = self.path / folder / name
        with telling_refusals(path, Message("mend it")):
            try:
                write_new(path, text)
            except FileExistsError:
                raise
            except BaseException:  # Ctrl-C too: half a text would be taken for all of it the next time
                path.unlink(missing_ok=True)
                raise


def see_place(path: Path, is_deck: bool) -> None:
    """See that a deck may be written to a folder, or made there.

    Args:
        path: the folder.
        is_deck: whether there is a deck already.

    Raises:
        UsageError: it is the built-in deck, or something else than a deck lies there.
    """
    if path.exists() and path.resolve() == builtin_deck().resolve():
        raise UsageError("{path} is the built-in deck", "name a folder of your own", path=path)
    if os.path.lexists(path) and not is_folder(path):
        raise UsageError("{path} is no folder", "name one, or one that is to be made", path=path)
    if not is_deck and is_folder(path) and listed(path):
        raise UsageError(
            "{path} holds other things and is no deck", "name an empty folder, or one that is to be made", path=path
        )


@contextmanager
def telling_refusals(path: Path, do: Message) -> Iterator[None]:
    """What the system refuses while something is written becomes one line.

    Args:
        path: what is written.
        do: what to do about it.

    Raises:
        KbError: it refused.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise KbError("{path} cannot be written: {error}", do, path=path, error=reason) from None


def slug_of(title: str) -> str:
    """A folder's name from a title: its words in ASCII letters and digits; ``entry`` where it has none."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = [word for word in re.findall(r"[a-z0-9]+", plain) if word not in _PLAIN]
    words = words or re.findall(r"[a-z0-9]+", plain)
    return "-".join(words[:SLUG_WORDS])[:60].strip("-") or "entry"


_PLAIN = frozenset(
    "a an and are at by can do does for how i in is it my of on or the to what when which why with".split()
)
"""Words that say nothing of a title's subject."""


def write_new(path: Path, text: str) -> None:
    """Write a file that must not be there.

    Raises:
        OSError: it is, or cannot be written.
    """
    with open(path, "x", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else toml_text(text)
