"""Memory that a run may count on: the machine's, or less in a container."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.run import memory
from kb.run.memory import usable_memory

MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")

Write = Callable[[str, str], None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file of a system that is laid out below a folder."""

    def write(path: str, text: str) -> None:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text + "\n")

    return write


def test_without_control_groups_it_is_the_machines(tmp_path: Path) -> None:
    """Nothing to be read there."""
    assert MACHINE == usable_memory(tmp_path)


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        ("4096000", "max", 4096000),
        ("max", "8192000", 8192000),
        ("4096000", "2048000", 2048000),
        ("max", "max", MACHINE),
        (str(10 * MACHINE), "max", MACHINE),
    ],
)
def test_least_limit_on_the_way_up_counts(tmp_path: Path, write: Write, inner: str, outer: str, expected: int) -> None:
    """Version 2: a group's limit, or that of a group around it."""
    write("proc/self/cgroup", "0::/user.slice/job.scope")
    write("sys/fs/cgroup/user.slice/job.scope/memory.max", inner)
    write("sys/fs/cgroup/user.slice/memory.max", outer)
    assert expected == usable_memory(tmp_path)


def test_version_one(tmp_path: Path, write: Write) -> None:
    """Each kind of group has a tree of its own; no limit is a number beyond all memory."""
    write("proc/self/cgroup", "12:cpu,cpuacct:/docker/abc\n5:memory:/docker/abc\n0::/")
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712")
    write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "6144000")
    assert usable_memory(tmp_path) == 6144000


def test_container_that_sees_its_group_as_the_top(tmp_path: Path, write: Write) -> None:
    """The path is the outer one, and what lies at the top is this container's."""
    write("proc/self/cgroup", "5:memory:/docker/abc\n0::/docker/abc")
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "6144000")
    write("sys/fs/cgroup/memory.max", "4096000")
    assert usable_memory(tmp_path) == 4096000


@pytest.mark.parametrize("text", ["", "nonsense", "0::", "5:memory"])
def test_what_cannot_be_read_is_no_limit(tmp_path: Path, write: Write, text: str) -> None:
    """Whatever stands there."""
    write("proc/self/cgroup", text)
    assert MACHINE == usable_memory(tmp_path)


def test_elsewhere_psutil_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other systems have no control groups."""
    monkeypatch.setattr(memory, "LINUX", False)
    assert pytest.approx(usable_memory(), rel=0.01) == MACHINE
