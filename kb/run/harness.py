"""Harness: runs one script inside its own process and writes down what happened.

It stands alone (standard library only, and the instrument beside it, which does so too) because it is started by its
path in a fresh interpreter, and called after a fork in a warm one. A script passes on the harness's word that its last
statement was reached and that its checks were executed; an exit code of 0 proves neither.
"""

import ast
import hashlib
import io
import json
import linecache
import os
import sys
import traceback
import types
import warnings
from collections.abc import Callable
from typing import Any

ROOT = __file__.rpartition("/kb/run/")[0]
sys.path.insert(0, ROOT)  # started by its path, with nothing of ours to be found
from kb.run.forbidden import Forbidden  # noqa: E402
from kb.run.instrument import Instrument, Seen, hooks  # noqa: E402

sys.path.remove(ROOT)

FRAME = b"\x1e"
"""First byte of a framed piece of stderr, see ``TaggedStream``."""

DEPRECATIONS = ("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning")

MAX_WARNINGS = 20
MAX_VALUE = 200
"""Characters of a value shown beside a failed assert."""


class TaggedStream(io.RawIOBase):
    """Standard error written into standard output's pipe, framed, so that the order of the two is kept.

    A frame is FRAME, the nonce, a colon, the length, a line feed, then the bytes; at most 4,096 bytes in all, which a
    pipe takes whole.
    """

    def __init__(self, target: int, nonce: str) -> None:
        self.target = target
        self.head = FRAME + nonce.encode() + b":"

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 2

    def write(self, data: Any) -> int:
        whole = bytes(data)
        for at in range(0, len(whole), 4000):
            piece = whole[at : at + 4000]
            try:
                os.write(self.target, self.head + str(len(piece)).encode() + b"\n" + piece)
            except OSError:
                os.write(2, piece)
        return len(whole)


def _noting(path: str, noted: list[dict[str, object]]) -> Callable[..., None]:
    """In place of ``warnings.showwarning``: prints as Python does, and notes it."""

    def warned(message: Any, category: type, filename: str, lineno: int, *_: Any) -> None:
        if len(noted) < MAX_WARNINGS:
            where = "snippet" if filename == path else filename.rpartition(os.sep)[2]
            noted.append(
                {
                    "category": category.__name__,
                    "message": str(message),
                    "file": where,
                    "line": lineno,
                    "deprecation": category.__name__ in DEPRECATIONS,
                }
            )
        print(warnings.formatwarning(message, category, filename, lineno), end="", file=sys.stderr)

    return warned


def run_script(config: dict[str, Any]) -> int:
    """Run a script as ``__main__`` and write the report.

    Args:
        config: ``path`` of the script, ``report`` the file to write, ``secret`` to sign it with (which is taken out),
            ``nonce`` and ``tagged`` (a file descriptor) for the framed stderr, ``device_facts`` (what to ask of torch
            at the end), ``own_lines`` (first and last line of the learner's own, or None), ``wanted`` (names that they
            are to set), ``forbid`` (what they may not call), ``seed`` (or None), ``threads`` (or None).

    Returns:
        The exit code that Python would have ended with.
    """
    path = config["path"]
    seen, noted, failure = Seen(), list[dict[str, object]](), dict[str, object]()
    # Everything that the report hangs on is bound here, before the script can reach it.
    write_report = _reporter(config, seen, noted, failure)
    if config.get("nonce"):
        raw = TaggedStream(config["tagged"], config["nonce"])
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True, write_through=True
        )
    warnings.showwarning = _noting(path, noted)
    status, is_done = 1, False
    try:
        _prepare(config)
        _execute(config, seen)
        status, is_done = 0, True
    except SystemExit as leave:
        status = _exit_status(leave)
    except BaseException as error:
        failure.update(_describe(error, path))
        if isinstance(error, KeyboardInterrupt):
            status = 130  # as kb.errors has it; this file stands alone. Whoever pressed it knows where the script was
        else:
            _print_traceback(error, path)
    write_report(is_done)
    return status


def _reporter(
    config: dict[str, Any], seen: Seen, noted: list[dict[str, object]], failure: dict[str, object]
) -> Callable[[bool], None]:
    """What writes the report: signed by the run's secret, which nothing but this function's closure holds from now on,
    so that no report is believed that the script wrote by hand."""
    opened, dumped, replaced, getpid, sign = open, json.dumps, os.replace, os.getpid, hashlib.blake2b
    report, rank, devices, pid = config["report"], config.get("rank", 0), config["device_facts"], os.getpid()
    secret = bytes.fromhex(config.pop("secret"))

    def write(is_done: bool) -> None:
        if getpid() != pid:
            return  # a child of the script that fell out of its end: not the one that is asked for
        facts = {
            "rank": rank,
            "reached_end": is_done,
            "executed": [*seen.executed],
            "tampered": seen.tampered,
            "forbidden": seen.forbidden.called,
            "unknown": sorted(seen.forbidden.unknown),
            "warnings": noted,
            "failure": failure or None,
            **_torch_facts(devices),
        }
        data = dumped(facts).encode()
        with opened(report + ".part", "wb") as file:
            file.write(sign(data, key=secret).hexdigest().encode() + b"\n" + data)
        replaced(report + ".part", report)

    return write


def _torch_facts(devices: list[list[str]]) -> dict[str, object]:
    """Which torch ran, and what it used: the texts come from the table of devices, which is not at hand here."""
    torch = sys.modules.get("torch")
    facts: dict[str, object] = {"torch": str(getattr(torch, "__version__", ""))}
    names = {"torch": torch}
    for is_used, model, peak_bytes in devices if torch is not None else ():
        try:
            if eval(is_used, names):  # noqa: S307 our own text
                facts["gpu"] = eval(model, names)  # noqa: S307
                facts["gpu_peak_mb"] = round(eval(peak_bytes, names) / 2**20, 1)  # noqa: S307
        except Exception:  # noqa: S112 a broken driver must not change the script's outcome
            continue
    return facts


def _prepare(config: dict[str, Any]) -> None:
    """Threads and seed, where they are asked for: both need torch, which the script would import anyway."""
    if config.get("threads"):
        import torch

        torch.set_num_threads(config["threads"])
    if config.get("seed") is not None:
        import torch

        shift, genuine = config["seed"], torch.manual_seed

        def manual_seed(seed: int) -> Any:
            return genuine(seed + shift)

        torch.manual_seed = torch.random.manual_seed = manual_seed


def _execute(config: dict[str, Any], seen: Seen) -> None:
    path, own_lines = config["path"], config.get("own_lines")
    with open(path, encoding="utf-8-sig") as file:
        source = file.read()
    own, forbid = (own_lines[0], own_lines[1]) if own_lines else None, config.get("forbid", ())
    instrument = Instrument(own, config.get("wanted", ()), forbid)
    tree = instrument.instrumented(ast.parse(source, path))
    code = compile(tree, path, "exec", dont_inherit=True, optimize=0)
    module = types.ModuleType("__main__")
    names = module.__dict__
    names.update({"__file__": path, "__builtins__": __builtins__, **hooks(instrument, seen, names)})
    sys.modules["__main__"] = module
    sys.argv = [path]
    if own and forbid:
        seen.forbidden = Forbidden(path, own, forbid)
        seen.forbidden.watch_imported(instrument.imports, instrument.bound)
    exec(code, names)  # noqa: S102 running scripts is what this is for
    if seen.guard is not None:
        seen.tampered = seen.tampered or seen.guard.complaint()


def _exit_status(leave: SystemExit) -> int:
    if leave.code is None:
        return 0
    if isinstance(leave.code, int):
        return leave.code & 0xFF
    print(leave.code, file=sys.stderr)
    return 1


def _print_traceback(error: BaseException, path: str) -> None:
    """What Python would print, without the harness's own frames."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != path:
        trace = trace.tb_next
    try:
        traceback.print_exception(type(error), error, trace)
    except Exception:
        print(f"{type(error).__name__}: (its traceback cannot be printed)", file=sys.stderr)


def _describe(error: BaseException, path: str) -> dict[str, object]:
    """The failure as facts: type, message, and the innermost line of the script that took part."""
    line, frame = getattr(error, "lineno", None) or 0, None
    if not isinstance(error, SyntaxError):
        line = 0
    for inner, at in traceback.walk_tb(error.__traceback__):
        if inner.f_code.co_filename == path:
            line, frame = at, inner
    try:
        message = str(error)
    except Exception:
        message = "(its message cannot be shown)"
    values = _values(frame, path, line) if frame is not None and isinstance(error, AssertionError) else {}
    return {"type": type(error).__name__, "message": message, "line": line, "values": values}


def _values(frame: types.FrameType, path: str, line: int) -> dict[str, str]:
    """The variables named by the assert at a line, with their values."""
    lines = linecache.getlines(path)
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:
        return {}
    checks = [node for node in ast.walk(tree) if isinstance(node, ast.Assert | ast.Expr)]
    node = next((node for node in checks if node.lineno <= line <= (node.end_lineno or 0)), None)
    values = {}
    for name in ast.walk(node.test if isinstance(node, ast.Assert) else node) if node else ():
        if not isinstance(name, ast.Name) or name.id in values:
            continue
        found = frame.f_locals.get(name.id, frame.f_globals.get(name.id, frame))
        if found is frame or callable(found) or isinstance(found, types.ModuleType):
            continue
        try:
            text = " ".join(repr(found).split())
        except Exception:  # noqa: S112 a value that cannot be printed is left out
            continue
        values[name.id] = text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"
    return values


def main() -> None:
    """Entry of a cold start: the configuration lies in the file that is named, which goes before the script begins."""
    path = sys.argv[1]
    if path.endswith("-"):
        path += os.environ.get("RANK", "0")  # one of torchrun's processes: each has a configuration of its own
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    os.unlink(path)  # noqa: PTH108 pathlib would take 3 ms, before every run
    sys.exit(run_script(config))


if __name__ == "__main__":
    main()
