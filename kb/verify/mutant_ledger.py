"""Mutant ledger: what became of a snippet's mutants, kept between commands, so that one that was run is not run again.

A line of JSON for each, appended as it comes, in a file of the cache folder for each snippet. What hangs on a mutant is
the whole program (without comments), torch's version and the device: whatever changes there is another mutant.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from kb.places import short_hash
from kb.run.job import Run
from kb.run.outcome import Outcome
from kb.verify.task import digest

MOST = 4_000_000
"""Bytes of a file; one that is larger, of an entry that has changed for years, is begun anew."""

LASTING = frozenset({Outcome.PASSED, Outcome.FAILED, Outcome.TIMED_OUT, Outcome.TOO_MUCH_OUTPUT})
"""Outcomes that would be the same the next time: not what a full machine or a signal brought about."""


class MutantLedger:
    """The file of one snippet."""

    def __init__(self, cache: Path, snippet: str, torch: str, device: str, is_fresh: bool = False) -> None:
        """Read the file.

        Args:
            cache: the cache folder.
            snippet: path of the snippet.
            torch: version of the torch that is installed.
            device: kind of device on which the mutants run.
            is_fresh: nothing that was kept counts.
        """
        self._path = cache / "mutants" / f"{short_hash(snippet)}.jsonl"
        self._torch = torch
        self._device = device
        self._lock = Lock()
        self._rows: dict[str, dict[str, Any]] = {}
        if not is_fresh:
            self._read()

    def _read(self) -> None:
        try:
            if self._path.stat().st_size > MOST:
                self._path.unlink()
                return
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return
        for line in lines:
            with suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):  # torn or damaged
                row = json.loads(line)
                self._rows[row["key"]] = row

    def key(self, source: str, what: str = "") -> str:
        """What is kept under: of a program, or of something else about it."""
        return digest("\0".join((self._torch, self._device, what, source)))[:32]

    def get(self, key: str) -> dict[str, Any] | None:
        """What was kept; None if nothing was."""
        return self._rows.get(key)

    def put(self, key: str, **facts: object) -> None:
        """Keep something, from any thread; where nothing can be written it is kept in memory."""
        row = {"key": key, **facts}
        data = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            self._rows[key] = row
            with suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                try:
                    os.write(file, data)  # one call: another process's line never stands within ours
                finally:
                    os.close(file)

    def kept_run(self, key: str) -> Run | None:
        """A run as far as it was kept; None if it was not, or cannot be read."""
        row = self.get(key)
        if row is None:
            return None
        try:
            return Run(
                outcome=Outcome(row["outcome"]),
                reason=str(row["reason"]),
                exit_code=int(row["exit_code"]),
                stdout="",
                stderr="",
                seconds=float(row["seconds"]),
                cpu_seconds=float(row["cpu_seconds"]),
                peak_mb=float(row["peak_mb"]),
                device=self._device,
                device_name="",
                torch=self._torch,
            )
        except (KeyError, TypeError, ValueError):
            return None

    def keep_run(self, key: str, done: Run, **facts: object) -> None:
        """Keep a run, if it would end the same way the next time."""
        if done.outcome in LASTING and not done.trouble:
            self.put(
                key,
                outcome=str(done.outcome),
                reason=str(done.reason),
                exit_code=done.exit_code,
                seconds=round(done.seconds, 3),
                cpu_seconds=round(done.cpu_seconds, 3),
                peak_mb=round(done.peak_mb, 1),
                **facts,
            )
