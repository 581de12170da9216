"""Runner: the one place that starts code. A Job in, a Run out, output on the way."""

import codecs
import json
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from kb.deck.script import Snippet
from kb.deck.text import bare_lines
from kb.errors import KbError, Message
from kb.run.channel import END, ERR, FOLDER, OUT, Reader
from kb.run.cold import start_cold
from kb.run.folder import remove_folder
from kb.run.job import Failure, Forbidden, Job, Run, Warned
from kb.run.names import set_names
from kb.run.outcome import COMPUTED_ENOUGH, Outcome

OnOutput = Callable[[str, str], None]
"""Called with ``stdout`` or ``stderr`` and a piece of text, as it comes."""
OnWait = Callable[[], None]
"""Called now and then while nothing comes."""
IsStopped = Callable[[], bool]
"""Whether a run is to end: asked at least ten times a second."""


TAMPERED = "{name} was changed, and checks stand on it"
FORBIDDEN = "line {line} of yours: {name} was called, which this question forbids"


class Starter(Protocol):
    """Whatever can start a job: a warm worker."""

    def connect(self, job: Job) -> socket.socket | None:
        """A socket to the job's supervisor, or None if this worker cannot take it."""


def snippet_job(snippet: Snippet, device: str = "cpu", **changes: Any) -> Job:
    """The job of running an entry's snippet as it stands."""
    fields: dict[str, Any] = {
        "path": snippet.path,
        "device": device,
        "timeout": snippet.timeout,
        "launcher": snippet.launcher,
        "processes": snippet.processes,
    }
    return Job(**(fields | changes))


def reference_job(snippet: Snippet, device: str = "cpu", **changes: Any) -> Job:
    """The job of running a snippet as it was read, whatever its file says now: what was trusted, or recorded, or what
    other lines are held against."""
    return snippet_job(snippet, device, source=snippet.source, **changes)


def filled_job(snippet: Snippet, name: str, lines: str, device: str = "cpu", **changes: Any) -> Job:
    """The job of running a snippet with other lines in a hole. Checks within those lines do not count, and names are
    theirs to set that its own lines set."""
    hole = snippet.hole(name)
    if hole is None:
        raise KeyError(name)
    count = len(bare_lines(lines))
    own_lines = (hole.first + 1, hole.first + count)
    wanted = tuple(sorted(set_names(snippet.solution(name))))
    source = snippet.filled(name, lines)
    return snippet_job(snippet, device, source=source, own_lines=own_lines, wanted=wanted, **changes)


def block_job(code: str, name: str, needs_checks: bool = False, **changes: Any) -> Job:
    """The job of running a proof, a predict or an answer block."""
    return Job(path=f"{name}.py", source=code, needs_checks=needs_checks, **changes)


def run(
    job: Job,
    on_output: OnOutput | None = None,
    on_wait: OnWait | None = None,
    worker: Starter | None = None,
    is_stopped: IsStopped | None = None,
) -> Run:
    """Run a job to its end, whatever that is.

    Args:
        job: what to run.
        on_output: gets the output while it comes.
        on_wait: called about ten times a second while nothing comes.
        worker: a warm worker to use if it can take the job; else a new interpreter is started.
        is_stopped: lets another thread end the run, at once: the script is not asked.

    Returns:
        The Run. A KeyboardInterrupt meanwhile interrupts the script, and its outcome says so, as after a stop.

    Raises:
        KbError: no folder for temporary files can be written.
    """
    connection = worker.connect(job) if worker is not None else None
    warm = connection is not None
    supervisor = None
    if connection is None:
        connection, supervisor = start_cold(job)
    try:
        return _collect(job, connection, on_output, on_wait, is_stopped, warm)
    finally:
        connection.close()
        if supervisor:
            supervisor.wait()


def _collect(
    job: Job,
    connection: socket.socket,
    on_output: OnOutput | None,
    on_wait: OnWait | None,
    is_stopped: IsStopped | None,
    warm: bool,
) -> Run:
    decoders = {kind: codecs.getincrementaldecoder("utf-8")("replace") for kind in (OUT, ERR)}
    texts: dict[bytes, list[str]] = {OUT: [], ERR: []}
    names = {OUT: "stdout", ERR: "stderr"}

    def take(kind: bytes, text: str) -> None:
        if text:
            texts[kind].append(text)
            if on_output:
                on_output(names[kind], text)

    folder = ""
    reader = Reader(connection)
    while True:
        try:
            if is_stopped and is_stopped():
                reader.hang_up()
                is_stopped = None
            message = reader.next()
            if message is None:
                if on_wait:
                    on_wait()
                continue
            kind, data = message
            if kind == FOLDER:
                folder = data.decode()
            elif kind == END:
                result = _result(data, folder)
                break
            else:
                take(kind, decoders[kind].decode(data))
        except KeyboardInterrupt:
            reader.interrupt()
    for kind, decoder in decoders.items():
        take(kind, decoder.decode(b"", final=True))
    if unwritable := result.get("unwritable"):
        raise KbError("{what}", "free space, or set TMPDIR to a folder that can be written", what=unwritable)
    return _judge(job, result, "".join(texts[OUT]), "".join(texts[ERR]), warm)


def _result(data: bytes, folder: str) -> dict[str, Any]:
    """What a supervisor told at its end; of one that was killed, without a word, the folder is removed."""
    if data:
        result: dict[str, Any] = json.loads(data)
        return result
    if folder:
        remove_folder(folder)
    return {"trouble": "the supervisor is gone"}


def _judge(job: Job, result: dict[str, Any], stdout: str, stderr: str, warm: bool) -> Run:
    """Make a Run of what the supervisor saw and what the harness wrote."""
    reports: list[dict[str, Any]] = result.get("reports", [])
    # With several processes the first that failed tells what happened.
    telling = (one for one in reports if one["failure"] or not one["reached_end"] or one["forbidden"])
    report = next(telling, reports[0] if reports else {})
    exit_code = int(result.get("exit_code", 1))
    outcome, reason = _outcome(job, result, report, reports, exit_code)
    failure = report.get("failure")
    return Run(
        outcome=outcome,
        reason=reason,
        exit_code=exit_code,
        stdout=stdout,
        stderr=stderr,
        seconds=float(result.get("seconds", 0.0)),
        cpu_seconds=float(result.get("cpu_seconds", 0.0)),
        peak_mb=float(result.get("peak_mb", 0.0)),
        device=job.device,
        device_name=str(report.get("gpu") or processor_name()),
        torch=str(report.get("torch", "")),
        gpu_peak_mb=float(report.get("gpu_peak_mb", 0.0)),
        failure=Failure(**failure) if failure else None,
        warnings=tuple(Warned(**one) for one in report.get("warnings", [])),
        executed=frozenset(report.get("executed", [])),
        forbidden=Forbidden(*called) if (called := report.get("forbidden")) else None,
        unknown=tuple(report.get("unknown", [])),
        warm=warm,
        has_computed_enough=bool(result.get("has_computed_enough")),
        trouble=str(result.get("trouble", "")),
    )


def _outcome(
    job: Job, result: dict[str, Any], report: dict[str, Any], reports: list[dict[str, Any]], exit_code: int
) -> tuple[Outcome, str]:
    if trouble := result.get("trouble"):
        return Outcome.FAILED, Message("the run could not be supervised: {trouble}", trouble=trouble)
    if result["ended_by"]:
        cut_off = Outcome(result["ended_by"])
        sentence = COMPUTED_ENOUGH if result["has_computed_enough"] else cut_off.sentence
        facts = {"timeout": job.timeout, "cpu_limit": job.cpu_limit, "megabytes": job.output_limit / 1e6}
        return cut_off, Message(sentence, **facts)
    if exit_code < 0:
        return Outcome.KILLED, Message(Outcome.KILLED.sentence, signal=-exit_code, name=_signal_name(-exit_code))
    outcome, reason = _own_outcome(job, report, reports, exit_code)
    if reason and job.processes > 1 and report:
        reason = Message("rank {rank}: {reason}", rank=report["rank"], reason=reason)
    return outcome, reason


def _own_outcome(
    job: Job, report: dict[str, Any], reports: list[dict[str, Any]], exit_code: int
) -> tuple[Outcome, str]:
    """How a script ended that nobody cut off."""
    if (called := report.get("forbidden")) and job.own_lines:
        line = called[1] - job.own_lines[0] + 1
        return Outcome.FAILED, Message(FORBIDDEN, line=line, name=called[0])
    if failure := report.get("failure"):
        message = (failure["message"].strip().splitlines() or [""])[0]
        text = f"{failure['type']}{': ' if message else ''}{message}"
        if failure["type"] == "OutOfMemoryError":
            return Outcome.OUT_OF_MEMORY, text
        line = failure["line"]
        return Outcome.FAILED, Message("line {line}: {text}", line=line, text=text) if line else text
    if exit_code:
        return Outcome.FAILED, Message("exit code {code}", code=exit_code)
    if len(reports) < job.processes or not report.get("reached_end"):
        return Outcome.FAILED, Message("it left before its last statement")
    if tampered := next((one["tampered"] for one in reports if one["tampered"]), ""):
        return Outcome.FAILED, Message(TAMPERED, name=tampered)
    if job.needs_checks and not any(one["executed"] for one in reports):
        return Outcome.FAILED, Message("no check was executed; a snippet proves its lesson with an assert")
    return Outcome.PASSED, ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def processor_name() -> str:
    """The processor, as the machine names it."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as facts:
            for line in facts:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    import platform

    return platform.processor() or platform.machine()
