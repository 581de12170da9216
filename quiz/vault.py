"""Vault: keeps the progress file. Its schema and migrations, its backups, and what is done when it is damaged."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from kb.errors import KbError

VERSION = 2
"""Of the schema, in the file's ``user_version``."""

KEEP = 12
"""How many backups are kept."""

_CREATE = (
    """
    CREATE TABLE event (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        item TEXT NOT NULL,          -- entry/id
        at REAL NOT NULL,            -- seconds since 1970
        kind TEXT NOT NULL,          -- of the item; or 'undo' or 'amend', of the answer in `target`
        given TEXT NOT NULL,         -- what was answered
        correct INTEGER,             -- 1 right, 0 wrong, NULL if only the learner can say
        proposed INTEGER NOT NULL,   -- rating that followed from the answer
        rating INTEGER NOT NULL,     -- rating that counts; an 'amend' brings another one
        seconds REAL NOT NULL,       -- from question to answer
        target INTEGER REFERENCES event (id)
    )
    """,
    "CREATE INDEX event_item ON event (item)",
    # What the log's replay gives: made anew from it at any time.
    """
    CREATE TABLE memory (
        item TEXT PRIMARY KEY, stability REAL NOT NULL, difficulty REAL NOT NULL, last REAL NOT NULL, due REAL NOT NULL
    )
    """,
)

_ADD_AMENDS = (
    # Seconds since the answer to the same item before, as it was then; NULL for the first.
    "ALTER TABLE event ADD COLUMN since REAL",
    "CREATE INDEX event_change ON event (kind, target) WHERE target IS NOT NULL",
    # The answers that count, with the ratings that count.
    """
    CREATE VIEW review AS
    SELECT event.id, item, at, event.kind, given, correct, proposed, COALESCE(amended.rating, event.rating) AS rating,
           seconds, since
    FROM event
    LEFT JOIN (
        SELECT target AS answer, rating, MAX(id) FROM event
        WHERE kind = 'amend' AND target IS NOT NULL GROUP BY target
    ) AS amended ON amended.answer = event.id
    WHERE target IS NULL
      AND event.id NOT IN (SELECT target FROM event WHERE kind = 'undo' AND target IS NOT NULL)
    """,
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)

_COLUMNS = "id, item, at, kind, given, correct, proposed, rating, seconds, target, since"

_MIGRATIONS = {
    0: (*_CREATE, *_ADD_AMENDS),
    1: (
        "ALTER TABLE event RENAME COLUMN undoes TO target",
        "DROP INDEX event_undoes",
        "DROP INDEX event_at",
        "DROP INDEX memory_due",
        *_ADD_AMENDS,
        """
        UPDATE event SET since = gaps.gap FROM (
            SELECT id, at - LAG(at) OVER (PARTITION BY item ORDER BY id) AS gap FROM review
        ) AS gaps WHERE gaps.id = event.id
        """,
    ),
}
"""What brings a file of each older version up to this one."""

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class Damage(sqlite3.DatabaseError):
    """A check of the whole file found it broken."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the file itself is broken."""
    if isinstance(error, Damage):
        return True
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGE


def open_vault(path: Path) -> tuple[sqlite3.Connection, str]:
    """Open the progress file: made if there is none, migrated if it is old, rebuilt if it is damaged.

    Returns:
        A connection, and what was done if the file was damaged (else empty).

    Raises:
        KbError: it cannot be opened or written, or a newer program wrote it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _connect(path), ""
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
        notice = rebuild(path)
        return _connect(path), notice
    except (OSError, sqlite3.Error) as error:
        raise KbError(
            f"progress cannot be kept in {path}: {error}", "set KB_HOME to a folder that you may write to"
        ) from None


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        version = _version(connection)
        if version > VERSION:
            raise sqlite3.DatabaseError(f"it was written by a newer kb (format {version})")
        if version < VERSION:
            _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    old = _version(connection)
    if old:
        _copy(connection, path.with_name(f"{path.stem}-format-{old}{path.suffix}"))
    with transaction(connection):
        # Read again under the lock: another process may have been faster.
        while (version := _version(connection)) < VERSION:
            for statement in _MIGRATIONS[version]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


# Backups


def backups(path: Path) -> list[Path]:
    """The backups of a progress file, the newest first: each is named after its last event."""
    return sorted(path.parent.joinpath("backups").glob(f"{path.stem}-*{path.suffix}"), reverse=True)


def _last_event(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT COALESCE(MAX(id), 0) FROM event").fetchone()[0])


def back_up(connection: sqlite3.Connection, path: Path, after: int = 1) -> Path | None:
    """Copy the file beside, if so many events or more came since the newest backup.

    Returns:
        The backup, if one was made.

    Raises:
        Damage: the file is broken; the backups stay as they are.
        OSError, sqlite3.Error: it cannot be written.
    """
    there = backups(path)
    last = _last_event(connection)
    covered = int(there[0].stem.rpartition("-")[2]) if there else 0
    if last - covered < after:
        return None
    if (found := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise Damage(found)
    target = path.parent / "backups" / f"{path.stem}-{last:010d}{path.suffix}"
    target.parent.mkdir(exist_ok=True)
    _copy(connection, target)
    for old in backups(path)[KEEP:]:
        old.unlink(missing_ok=True)
    return target


def keep_copy(connection: sqlite3.Connection, path: Path) -> Path:
    """Copy the file beside, under a name that is never taken again.

    Raises:
        OSError, sqlite3.Error: it cannot be written.
    """
    target = _free_name(path, "before-reset")
    _copy(connection, target)
    return target


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    """A whole copy under the target's name, or none."""
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with closing(sqlite3.connect(part)) as copy:
            connection.backup(copy)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


# Damage


def rebuild(path: Path) -> str:
    """Move a damaged file aside and make a new one: from the newest backup that is sound, and from what can still be
    read of the damaged one. Nothing is deleted.

    Returns:
        What was done, in words.
    """
    import fcntl

    # One process rebuilds; another that noticed the damage too waits, and finds a sound file.
    with path.with_name(f"{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_sound(path):
            return ""
        # The new file first: on a full disk the damaged one stays where it is, and the next start tries again.
        source = next((backup for backup in backups(path) if _is_sound(backup)), None)
        fresh = path.with_name(f"{path.name}.{os.getpid()}.part")
        if source:
            with closing(sqlite3.connect(source)) as connection:
                _copy(connection, fresh)
        with closing(_connect(fresh)) as connection:
            known = _last_event(connection)
            saved = _salvage(connection, path)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        aside = _free_name(path, "damaged")
        for ending in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                path.with_name(path.name + ending).replace(aside.with_name(aside.name + ending))
        fresh.replace(path)
        for ending in ("-wal", "-shm"):
            fresh.with_name(fresh.name + ending).unlink(missing_ok=True)
    return (
        f"the progress file was damaged; it lies at {aside} now, and a new one was made from"
        f" {known} events of {'the newest backup' if source else 'no backup'}"
        f" and {saved} that could be read from the damaged one"
    )


def _is_sound(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            whole = connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
            return whole and 0 < _version(connection) <= VERSION
    except sqlite3.Error:
        return False


def _free_name(path: Path, what: str) -> Path:
    """The first name beside a file that is not taken."""
    count = 1
    while (free := path.with_name(f"{path.stem}-{what}-{count}{path.suffix}")).exists():
        count += 1
    return free


def _salvage(connection: sqlite3.Connection, damaged: Path) -> int:
    """Copy the events that a damaged file still gives and the new one lacks; how many there were."""
    known = _last_event(connection)
    rows: list[tuple[object, ...]] = []
    with suppress(sqlite3.Error, OSError), closing(sqlite3.connect(damaged)) as source:
        # Row by row: what lies before the damage is read.
        for row in source.execute(f"SELECT {_COLUMNS} FROM event WHERE id > ? ORDER BY id", (known,)):
            rows.append(row)  # noqa: PERF402 what was read before an error must stay
    with transaction(connection):
        for row in rows:
            with suppress(sqlite3.Error):
                connection.execute(f"INSERT INTO event ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        # The state may not fit the log any more: whoever opens the file makes it anew.
        connection.execute("DELETE FROM memory")
    return _last_event(connection) - known
