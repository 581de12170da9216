"""Memory: how much of it a run may count on. A container has less than its machine: what its control group allows."""

import os
from contextlib import suppress
from pathlib import Path

from kb.run.processes import LINUX


def usable_memory(root: Path = Path("/")) -> int:
    """Bytes that this process can use: the machine's, or its control group's where they are fewer.

    Args:
        root: below which ``proc`` and ``sys`` lie.
    """
    if not LINUX:
        import psutil

        return int(psutil.virtual_memory().total)
    return min([os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *_group_limits(root)])


def _group_limits(root: Path) -> list[int]:
    """The limits of this process's control groups and of all above them, where they have one."""
    limits = []
    with suppress(OSError, ValueError):
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
        for _, kinds, path in (line.split(":", 2) for line in lines):
            if kinds == "":
                top, name = root / "sys/fs/cgroup", "memory.max"
            elif "memory" in kinds.split(","):
                top, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
            else:
                continue
            # Inside a container the path may be the outer one, which is not there: the walk ends at the top anyway.
            group = top / path.strip("/")
            for folder in (group, *group.parents):
                with suppress(OSError, ValueError):  # "max" is no number: no limit
                    limits.append(int((folder / name).read_text(encoding="ascii")))
                if folder == top:
                    break
    return limits
