"""Where things live on the disk. ``KB_HOME`` overrides every folder."""

import os
from pathlib import Path
from typing import NamedTuple

LONGEST = 48
"""Bytes that the path of a folder for temporary files may have: a socket's path has at most 103 on some systems, and
multiprocessing and torch make sockets up to 34 bytes further down, in folders of ours of 20."""


# A NamedTuple: a frozen dataclass takes 0.4 ms to make, at every start.
class Places(NamedTuple):
    """The folders of one user."""

    data: Path
    """What must not be lost: the learner's logs and own copies of snippets."""
    cache: Path
    """What can be made again: parsed decks, indexes, what is due."""
    logs: Path
    """The learner's logs, a folder a deck; ``KB_PROGRESS`` names another place, such as a synchronised one."""
    config: Path
    """What the user chose."""

    @property
    def decks(self) -> Path:
        """The list of the user's own decks."""
        return self.config / "decks.toml"

    @property
    def mine(self) -> Path:
        """The learner's own copies of snippets."""
        return self.data / "mine"

    @property
    def trust(self) -> Path:
        """What the user trusts, a file a deck: on this machine alone, so never in a folder that is synchronised."""
        return self.data / "trust"

    @property
    def worker(self) -> Path:
        """The socket of the worker that ``kb warm`` keeps."""
        folder = temporary_folder(os.environ.get("XDG_RUNTIME_DIR", "")) or "/tmp"  # noqa: S108 it says so if it fails
        return Path(folder, f"kb-{os.getuid()}-{short_hash(str(self.cache))}", "worker")

    @property
    def old_progress(self) -> Path:
        """The SQLite file in which answers were kept before there were logs."""
        return self.data / "progress.db"


def temporary_folder(preferred: str = "") -> str | None:
    """The folder for temporary files, as TMPDIR and its like name it, if it can be written and its path is short enough
    for sockets; else one that every system has. None if there is none. (tempfile would take 6 ms.)

    Args:
        preferred: asked before all others, if it is not empty.
    """
    named = (preferred, *(os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP")))
    for folder in (*named, "/tmp", "/var/tmp", "/usr/tmp"):  # noqa: S108 in them only folders of our own are used
        path = os.path.abspath(folder)  # noqa: PTH100 pathlib knows no paths that are not resolved
        if folder and len(os.fsencode(path)) <= LONGEST and os.path.isdir(path) and os.access(path, os.W_OK | os.X_OK):  # noqa: PTH112
            return path
    return None


def short_hash(text: str) -> str:
    """A name made from a text; hashlib would cost 4 ms at every start (this is FNV-1a)."""
    value = 0xCBF29CE484222325
    for byte in text.encode("utf-8", "surrogateescape"):
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def find_places(environ: dict[str, str] | None = None) -> Places:
    """The folders for this user: below ``KB_HOME`` if it is set, else the platform's own."""
    env = os.environ if environ is None else environ
    if home := env.get("KB_HOME"):
        root = home_path(home).absolute()
        data, cache, config = root / "data", root / "cache", root / "config"
    else:
        # Deferred: 6 ms that a set KB_HOME saves.
        from platformdirs import user_cache_path, user_config_path, user_data_path

        data, cache = user_data_path("kb", appauthor=False), user_cache_path("kb", appauthor=False)
        config = user_config_path("kb", appauthor=False)
    shared = env.get("KB_PROGRESS")
    logs = home_path(shared).absolute() if shared else data / "progress"
    return Places(data, cache, logs, config)


def home_path(text: str | Path) -> Path:
    """A path whose ``~`` is a home folder; where there is no such user it stays as it is."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 pathlib's own raises


def builtin_deck() -> Path:
    """The deck that comes with the program: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / "content"
    return inside if inside.is_dir() else package.parent / "content"
