"""Cold supervisor: the process that supervises a run without a worker, from its start.

It imports nothing that it can do without: every run waits for that.
"""

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

from kb.run.handover import receive_request
from kb.run.isolation import find_isolation
from kb.run.processes import wait_passively
from kb.run.supervisor import supervise

HARNESS = Path(__file__).with_name("harness.py")


def main(descriptor: int) -> NoReturn:
    """Take the job from the caller, and supervise it."""
    connection = socket.socket(fileno=descriptor)
    connection.set_inheritable(False)
    request = receive_request(connection)
    isolation = find_isolation(request["folder"], os.environ)
    if any(isolation) and request["is_uncompiled"]:
        compile_modules()
    supervise(connection, request["job"], request["folder"], become_python, isolation)


def compile_modules() -> None:
    """Have what every run imports compiled: a script that can write nothing there could not keep it, and would compile
    torch anew each time, which takes ten seconds. Some installers leave that to the first import."""
    import subprocess

    modules = "import torch, torch._dynamo, torch.testing, kb.run.harness"
    begin = f"import sys; sys.path.append({str(HARNESS.parents[2])!r}); {modules}"
    quiet = subprocess.DEVNULL
    subprocess.run([sys.executable, "-P", "-c", begin], stdin=quiet, stdout=quiet, stderr=quiet, check=False)


def become_python(config: dict[str, Any]) -> NoReturn:
    """Replace this process by a new interpreter that runs the harness (or torchrun, which starts it).

    What the harness is told lies in a file that it removes: a command line is open to everybody as long as the process
    lives, and a script could read there how to report in the harness's name.
    """
    python = [sys.executable, "-P", "-X", "faulthandler"]
    wait_passively(os.environ)
    prefix = str(Path(config["report"]).with_name("config-"))
    for rank in range(config["processes"]):
        report = str(Path(config["report"]).with_name(f"report-{rank}"))
        with open(f"{prefix}{rank}", "w", encoding="utf-8") as file:
            json.dump({**config, "rank": rank, "report": report}, file)
    if config["launcher"] == "torchrun":
        os.environ["PYTHONSAFEPATH"] = "1"  # torchrun starts its processes without -P
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # as it would do itself, with a warning
        launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(config["processes"])]
        os.execve(sys.executable, [*python, *launch, str(HARNESS), prefix], os.environ)  # noqa: S606
    os.execve(sys.executable, [*python, str(HARNESS), f"{prefix}0"], os.environ)  # noqa: S606
