"""Runs fuzz targets for minutes or hours: ``python -m tests.fuzz page deck --minutes 60``.

A target is a test of ``tests/fuzz`` that takes what Hypothesis draws; a file's name stands for all in it. Each runs in
a process of its own, guided by coverage where atheris is installed, else by Hypothesis alone with other seeds in each
round. What is found is printed with the lines that repeat it; the exit code is then 1.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

FOLDER = Path(__file__).parent

FOUND = 1

GRACE = 420.0
"""Seconds for loading, and for making a finding small, before a process counts as hanging."""

SLOW = 60
"""Seconds after which one example counts as hanging."""

SEEDS = (64, 256, 1_024, 4_096)
"""Bytes of the first inputs: Hypothesis makes nothing of too few."""


def targets() -> dict[str, Callable[[], None]]:
    """Every target by its name, ``page.front_matters``."""
    found = {}
    for path in sorted(FOLDER.glob("test_*.py")):
        module = import_module(f"tests.fuzz.{path.stem}")
        for name, value in vars(module).items():
            if name.startswith("test_") and hasattr(value, "hypothesis"):
                found[f"{path.stem[5:]}.{name[5:]}"] = value
    return found


def main() -> int:
    """Run the targets that are named, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="a file's targets or one of them; all if left out")
    parser.add_argument("--list", action="store_true", help="name the targets and end")
    parser.add_argument("--minutes", type=float, default=60.0, help="how long each target runs")
    parser.add_argument("--corpus", type=Path, help="a folder where inputs are kept between runs")
    parser.add_argument("--plain", action="store_true", help="by Hypothesis alone, also where atheris is installed")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        run_here(options.targets[0], options.minutes * 60, options.corpus, options.plain)
    known = targets()
    if options.list:
        for name, target in known.items():
            print(f"{name:24} {(target.__doc__ or '').partition(chr(10))[0]}")
        return 0
    chosen = [name for name in known if not options.targets or {name, name.partition(".")[0]} & {*options.targets}]
    unknown = [name for name in options.targets if not any(name in (one, one.partition(".")[0]) for one in known)]
    if unknown:
        parser.error(f"no target {', '.join(unknown)}; --list names them")
    with tempfile.TemporaryDirectory() as folder:
        results = [run(name, options, (options.corpus or Path(folder)) / name) for name in chosen]
    return max(results, default=0)


def run(name: str, options: argparse.Namespace, corpus: Path) -> int:
    """One target in a process of its own, with one line about it at the end; what it says where it found something."""
    corpus.mkdir(parents=True, exist_ok=True)
    seconds = options.minutes * 60
    command = [sys.executable, "-m", "tests.fuzz", "--here", name, "--minutes", str(options.minutes)]
    command += ["--corpus", str(corpus.absolute()), *(["--plain"] if options.plain else [])]
    started = time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=FOLDER.parent.parent)
        try:
            code = process.wait(seconds + GRACE)
        except subprocess.TimeoutExpired:
            code = FOUND
            output.write("\nthe process hangs\n")
        finally:  # also after Ctrl-C, which a guided search does not hear
            process.kill()
            process.wait()
        output.seek(0)
        said = output.read()
    counts = re.findall(r"^(?:stat::number_of_executed_units:|executions:) *(\d+)", said, re.MULTILINE)
    if code:
        print(said[-20_000:])
        for path in sorted(corpus.parent.glob(f"{name}-found-*")):
            print(f"input: {path}\n{path.read_bytes()[:4_000]!r}")
    verdict = "FOUND" if code else "ok"
    print(
        f"{name}: {verdict}, {counts[-1] if counts else '?'} executions, {time.monotonic() - started:.0f} s", flush=True
    )
    return FOUND if code else 0


def run_here(name: str, seconds: float, corpus: Path, is_plain: bool) -> None:
    """One target in this process, which ends here."""
    settings.register_profile(
        "fuzz",
        deadline=None,
        database=DirectoryBasedExampleDatabase(corpus.with_name(f"{name}-examples")),
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    os.environ["HYPOTHESIS_PROFILE"] = "fuzz"  # for tests/conftest.py, which is loaded with the first target
    if is_plain or find_spec("atheris") is None:
        raise SystemExit(search(targets()[name], seconds))
    guide(name, seconds, corpus)


def search(target: Callable[[], None], seconds: float) -> int:
    """Rounds of Hypothesis's own search, each with another seed, until the time is over."""
    inner: Callable[..., None] = target.hypothesis.inner_test  # type: ignore[attr-defined]
    count = 0

    def counted(*values: object, **named: object) -> None:
        nonlocal count
        count += 1
        inner(*values, **named)

    target.hypothesis.inner_test = counted  # type: ignore[attr-defined]
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            target()
    except BaseException as error:
        tell(error)
        return FOUND
    finally:
        print(f"executions: {count}", flush=True)
    return 0


def guide(name: str, seconds: float, corpus: Path) -> None:
    """The search that looks for inputs which reach new lines of the program."""
    import atheris  # deferred: it is not installed everywhere

    with atheris.instrument_imports(include=["kb", "quiz"]):
        for path in [*Path("kb").rglob("*.py"), *Path("quiz").rglob("*.py")]:
            if path.stem not in ("__main__", "__init__", "harness"):
                import_module(".".join(path.with_suffix("").parts))
        target: Any = targets()[name]
    for at in range(5):
        for size in SEEDS:
            (corpus / f"seed-{size}-{at}").write_bytes(os.urandom(size))
    # The first example opens decks and indexes, which counts for none of the others' time.
    target.hypothesis.fuzz_one_input(os.urandom(SEEDS[0]))
    started, count = time.monotonic(), 0

    def one(data: bytes) -> None:
        nonlocal count
        count += 1
        try:
            target.hypothesis.fuzz_one_input(data)
        except BaseException as error:
            tell(smaller(target, error))
            print(f"executions: {count}")
            print(f"after {time.monotonic() - started:.0f} s; the bytes: {data[:2_000]!r}", flush=True)
            os._exit(FOUND)

    flags = [
        f"-max_total_time={max(1, int(seconds))}",
        f"-timeout={SLOW}",
        "-print_final_stats=1",
        "-rss_limit_mb=4096",
    ]
    flags += ["-max_len=8192", "-len_control=0", "-verbosity=0", f"-artifact_prefix={corpus}-found-"]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], one)
    atheris.Fuzz()


def smaller(target: Callable[[], None], found: BaseException) -> BaseException:
    """A finding made small: Hypothesis has kept the example, and its own search begins with it."""
    signal.setitimer(signal.ITIMER_REAL, 0)  # else the guide takes this for an example that hangs
    try:
        target()
    except BaseException as error:
        return error
    return found


def tell(error: BaseException) -> None:
    """Print what was found, with the values that Hypothesis noted."""
    print("".join(traceback.format_exception(error)))
    print(f"{type(error).__name__}: {str(error)[:500]}", flush=True)  # once more: the values above may be long


if __name__ == "__main__":
    sys.exit(main())
