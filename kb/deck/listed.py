"""Listed decks: those of a user's own, each by a name. ``mydeck:12`` is entry 12 of one, ``mydeck:`` all of it."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from kb.deck.manifest import FILE
from kb.deck.toml_text import toml_text
from kb.errors import KbError, UsageError
from kb.files import put
from kb.places import home_path

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
"""What a deck may be called: no number, which is an entry's."""

TAKEN = ("api", "area", "level", "tag")
"""Words before a colon that mean something in a search."""

_ADDRESS = re.compile(rf"({NAME.pattern}):(.*)", re.DOTALL)
_SLIP = re.compile(r"([^\W\d_][^:]*):(\d+(?:/.*)?)", re.DOTALL)
"""What was meant as an address, be it with a name that no deck can have: ``my notes:12``."""


def read_listed(file: Path) -> dict[str, Path]:
    """The decks that a configuration lists, by name, in its order; none where there is no such file.

    Raises:
        KbError: it cannot be read, or lists something else.
    """
    if not file.is_file():
        return {}
    import tomllib  # 4 ms that whoever lists no deck need not wait for

    try:
        text = file.read_bytes().decode()
        listed = tomllib.loads(text).get("decks", {})
    except (OSError, ValueError) as error:
        raise _unreadable(file, str(error)) from None
    if not isinstance(listed, dict):
        raise _unreadable(file, "decks is no table")
    for name, folder in listed.items():
        if not is_name(name) or not isinstance(folder, str) or not folder:
            raise _unreadable(file, f"{name} is no deck")
    # A relative path is meant from where the file lies: from elsewhere it would be another deck.
    return {name: file.parent / home_path(folder) for name, folder in listed.items()}


def is_name(text: str) -> bool:
    """Whether a deck may be called so."""
    return bool(NAME.fullmatch(text)) and text not in TAKEN


def _unreadable(file: Path, why: str) -> KbError:
    return KbError(
        "{path} cannot be read: {why}",
        'write [decks], and below it a line for each: notes = "~/notes"',
        path=file,
        why=why,
    )


def write_listed(file: Path, decks: Mapping[str, Path]) -> None:
    """Write the list anew.

    Raises:
        KbError: it cannot be written.
    """
    lines = [f"{name} = {toml_text(str(folder))}\n" for name, folder in decks.items()]
    try:
        put(file, "".join(("[decks]\n", *lines)).encode())
    except (OSError, UnicodeEncodeError) as error:
        raise KbError("{path} cannot be written: {why}", "mend its permissions", path=file, why=str(error)) from None


def listed_folder(word: Path, file: Path) -> Path:
    """The folder that a deck's name or path means: a path that is there, else the deck that is listed by the name; else
    the path, of a deck that is to be made.

    Args:
        word: what was typed, ``mydeck``, ``mydeck:`` or a path.
        file: the configuration.

    Raises:
        UsageError: the deck that is listed so is not there, or a name with a colon is not listed.
        KbError: the configuration cannot be read.
    """
    if os.path.lexists(word):
        return word
    text = str(word)
    name = text.removesuffix(":")
    listed = read_listed(file)
    if name in listed:
        return there(name, listed[name])
    if name != text and is_name(name):
        raise UsageError("no deck {name} is listed", "kb decks shows those that are", name=name)
    return word


def there(name: str, folder: Path) -> Path:
    """A listed deck's folder.

    Raises:
        UsageError: no deck lies there any more.
    """
    if is_gone(folder):
        raise UsageError(
            "the deck {name} is not at {path} any more",
            "list it at its new place (kb decks DIR --name {name}), or no more (kb decks {name} --drop)",
            name=name,
            path=folder,
        )
    return folder


def is_gone(folder: Path) -> bool:
    """Whether no deck lies where one was listed."""
    return not os.path.lexists(folder / FILE)


def addressed(words: Sequence[str], file: Path, only_entries: bool = True) -> tuple[list[str], str]:
    """Words without the name of a deck before them, and that name; none if they name no listed deck.

    Args:
        words: as they were typed: ``mydeck:12``, ``mydeck:layer norm``, ``mydeck:``.
        file: the configuration.
        only_entries: whether they name entries, and are no search: a number behind a name that is not listed is refused
            then; else it would be taken for words, which may find another entry.

    Raises:
        UsageError: they name entries of several decks, or of one that is not listed.
        KbError: the configuration cannot be read.
    """
    if not any(":" in word for word in words):
        return list(words), ""
    listed = read_listed(file)
    if only_entries:
        _refuse_unlisted(words, listed)
    names: list[str] = []
    bare: list[str] = []
    for word in words:
        found = _ADDRESS.fullmatch(word)
        if found and found[1] in listed:
            names.append(found[1])
            bare += [found[2]] if found[2].strip() else []
        else:
            bare.append(word)
    if len(set(names)) > 1:
        raise UsageError(
            "{first} and {second} are two decks", "name entries of one at a time", first=names[0], second=names[-1]
        )
    return bare, names[0] if names else ""


def _refuse_unlisted(words: Sequence[str], listed: Mapping[str, Path]) -> None:
    found = [_SLIP.fullmatch(word) for word in words]
    if not all(one and one[1] not in TAKEN for one in found):
        return
    for one in found:
        if one and one[1] not in listed:
            from difflib import get_close_matches  # only a slip needs it

            nearest = "".join(get_close_matches(one[1], listed, 1))
            hint = "write {nearest}:{number}" if nearest else "kb decks shows those that are"
            raise UsageError("no deck {name} is listed", hint, name=one[1], nearest=nearest, number=one[2])
