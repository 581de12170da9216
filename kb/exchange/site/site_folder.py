"""Site folder: where a site is written, with a list of what was written, so that the next export knows its own."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from kb.deck.manifest import is_file, is_folder, listed
from kb.errors import UsageError
from kb.exchange.target import changed, is_there, not_ours
from kb.files import PART, put

MANIFEST = "kb-site.json"
"""The list: each file's name and the digests that it may have."""

KIND = "kb-site"

Digests = Mapping[str, frozenset[str]]


@contextmanager
def site_folder(path: Path) -> Iterator[Callable[[str, str], None]]:
    """A folder that takes the files of a site by name and text.

    They lie beside the former ones until all are written, so that what ends an export before its end leaves the former
    site whole. Then pages that were written before, and no longer are, go.

    Args:
        path: a new folder, an empty one, or one with an earlier site.

    Raises:
        UsageError: it holds other things, or the user's own work would be lost.
        OSError: it cannot be written.
    """
    known = _known(path)
    is_new = not is_there(path)
    path.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=PART, dir=path))
    made: dict[str, frozenset[str]] = {}

    def add(name: str, text: str) -> None:
        data = text.encode("utf-8")
        (part / name).write_bytes(data)
        made[name] = frozenset((_digest(data),))

    try:
        yield add
        for name in made:
            if name not in known and os.path.lexists(path / name):
                raise not_ours(path / name, "html")
        _move(path, part, known, made)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if is_new:
            with suppress(OSError):  # a site lies in it
                path.rmdir()


def _move(path: Path, part: Path, known: Digests, made: Digests) -> None:
    # While some files are old and some new, both are known: an export that ends here can be done once more.
    names = known.keys() | made.keys()
    _note(path, {name: known.get(name, frozenset()) | made.get(name, frozenset()) for name in names})
    for name in made:
        (part / name).replace(path / name)
    for name in known.keys() - made.keys():
        (path / name).unlink(missing_ok=True)
    _note(path, made)


def _note(path: Path, digests: Digests) -> None:
    files = {name: sorted(digests[name]) for name in sorted(digests)}
    put(path / MANIFEST, json.dumps({"schema": 1, "kind": KIND, "files": files}, indent=0).encode())


def _known(path: Path) -> Digests:
    """What an earlier export wrote; all of it is as it was then, or gone.

    Raises:
        UsageError: the folder is none, holds other things, or a file was changed.
    """
    if not os.path.lexists(path):
        return {}
    if not is_folder(path):
        raise UsageError("{path} is no folder", "name one after --out", path=path)
    known = _read(path / MANIFEST)
    if known is None:
        if any(not one.name.startswith(PART) for one in listed(path)):
            raise UsageError("{path} holds other things", "name a new or an empty folder after --out", path=path)
        return {}
    for name, digests in known.items():
        file = path / name
        if os.path.lexists(file) and (
            file.is_symlink() or not is_file(file) or _digest(file.read_bytes()) not in digests
        ):
            raise changed(file)
    return known


def _read(manifest: Path) -> Digests | None:
    if not is_file(manifest):
        return None
    try:
        whole: Any = json.loads(manifest.read_bytes())
        if whole["kind"] != KIND:
            return None
        # A name is a file's in this folder: nothing else is ever taken away.
        return {name: frozenset(digests) for name, digests in whole["files"].items() if _is_name(name)}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _is_name(name: str) -> bool:
    return name not in ("", ".", "..", MANIFEST) and "/" not in name and "\0" not in name


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()
