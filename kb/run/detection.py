"""Detection: which devices this machine has."""

import json

from kb.errors import KbError, UsageError
from kb.run.device import AUTO, CPU, DEVICES, require_torch
from kb.run.outcome import Outcome
from kb.run.runner import block_job, run

DETECT = f"""
import json, torch
print(json.dumps({{{", ".join(f"{one.name!r}: {one.is_there}" for one in DEVICES)}}}))
"""
"""Prints for each device whether it is there."""


def find_device(device: str) -> str:
    """The device to run on; asks torch, in a process of its own, for anything but the CPU.

    Raises:
        UsageError: this machine does not have it.
        KbError: torch is not installed, or does not start.
        KeyboardInterrupt: the user pressed Ctrl-C meanwhile.
    """
    require_torch()
    if device == CPU:
        return device
    asked = run(block_job(DETECT, "detect"))
    if asked.outcome is Outcome.INTERRUPTED:
        raise KeyboardInterrupt
    if not asked.passed:
        raise KbError("torch does not start: {reason}", "python -c 'import torch' shows why", reason=asked.reason)
    there = [name for name, is_there in json.loads(asked.stdout).items() if is_there]
    if device == AUTO:
        return next((name for name in there if name != CPU), CPU)
    if device not in there:
        raise UsageError("no {device} device here", "use --device {known}", device=device, known=", ".join(there))
    return device
