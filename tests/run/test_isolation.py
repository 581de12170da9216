"""Isolation: scripts try to break out, by each means alone and by both, as root and as somebody else; and what scripts
need goes on inside."""

import ctypes
import encodings.idna  # noqa: F401 somebody else may not read Python's own files
import json
import os
import pty
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from kb.run.folder import remove_folder
from kb.run.isolation import Isolation, enter, find_isolation, reachable_sockets
from kb.run.job import Job, Run
from kb.run.outcome import Outcome
from kb.run.runner import run
from kb.run.worker import Worker
from tests.conftest import SNIPPET, Kb, only_json, write_entry

NOBODY = 65534

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone isolates")


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder that everybody may write to, with a file in it."""
    folder = Path(tempfile.mkdtemp(prefix="kb-outside-", dir="/var/tmp"))
    folder.chmod(0o777)
    (folder / "kept").write_text("kept")
    (folder / "kept").chmod(0o666)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def inside(outside: Path) -> Path:
    """The folder of a run: whose it is, is set by whoever runs."""
    folder = outside / "run"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    return folder


def as_user(user: int, do: Callable[[], Any]) -> Any:
    """What something gives in a process of its own, run by a user."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            if user != os.getuid():
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)
                ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as any program that such a user starts: /proc/self is its own
            os.write(writing, json.dumps(do()).encode())
        except BaseException as error:
            os.write(writing, json.dumps({"error": repr(error)}).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        answer = told.read()
    os.waitpid(pid, 0)
    found = json.loads(answer)
    assert not (isinstance(found, dict) and "error" in found), found
    return found


USERS = sorted({os.getuid(), NOBODY}) if os.getuid() == 0 else [os.getuid()]


def offered(user: int) -> Isolation:
    """What this system offers a user."""
    folder = tempfile.mkdtemp(prefix="kb-offer-", dir="/var/tmp")
    Path(folder).chmod(0o777)
    try:
        return Isolation(*as_user(user, lambda: find_isolation(folder, {})))
    finally:
        shutil.rmtree(folder)


OFFERED = {user: offered(user) for user in USERS}

MEANS = [
    pytest.param(user, Isolation(namespaces, landlock), id=f"{user}-{'+'.join(Isolation(namespaces, landlock).names)}")
    for user, whole in OFFERED.items()
    for namespaces, landlock in ((whole.namespaces, 0), (0, whole.landlock), whole)
    if namespaces or landlock
]


def test_this_system_isolates() -> None:
    """Where it does not, the rest of this file shows nothing. CI's machines do."""
    if not any(OFFERED[os.getuid()]):
        pytest.skip("this system offers neither namespaces nor Landlock")
    assert MEANS


def attempts(means: Isolation, inside: Path, deeds: dict[str, Callable[[], object]]) -> Callable[[], dict[str, str]]:
    """What enters, tries everything, and tells what came of each: nothing where it was done, else the refusal."""

    def try_all() -> dict[str, str]:
        enter(means, [str(inside)], is_talking=False)
        os.chdir(inside)
        told = {}
        for name, do in deeds.items():
            try:
                do()
                told[name] = ""
            except (OSError, AssertionError) as error:
                told[name] = str(error) or type(error).__name__
        return told

    return try_all


def refused(result: int) -> None:
    """Raise what the C library says is wrong, if it says so."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def writing(outside: Path, parent: int) -> dict[str, Callable[[], object]]:
    """Ways to change a file outside."""
    kept, libc = outside / "kept", ctypes.CDLL(None, use_errno=True)

    def touched(then: Callable[[], object]) -> Callable[[], object]:
        def do() -> object:
            Path("mine").touch()
            return then()

        return do

    def through(make: Callable[[], object], name: str) -> Callable[[], object]:
        def write() -> object:
            make()
            return Path(name).write_text("broken")

        return write

    def from_below(path: str) -> Callable[[], object]:
        def write() -> None:
            folder = os.open("/", os.O_PATH)
            os.close(os.open(path.lstrip("/"), os.O_WRONLY | os.O_TRUNC, dir_fd=folder))

        return write

    def anew() -> None:
        refused(libc.unshare(0x10000000 | 0x20000))
        refused(libc.mount(None, b"/", None, ctypes.c_ulong(0x20 | 0x1000), None))
        kept.write_text("broken")

    return {
        "write": lambda: kept.write_text("broken"),
        "append": lambda: kept.open("a").write("broken"),
        "truncate": lambda: os.truncate(kept, 0),
        "create": lambda: (outside / "new").touch(),
        "folder": lambda: (outside / "newfolder").mkdir(),
        "remove": kept.unlink,
        "rename away": lambda: kept.rename(outside / "other"),
        "rename in": lambda: kept.rename("taken"),
        "rename out": touched(lambda: Path("mine").rename(outside / "mine")),
        "link out": touched(lambda: (outside / "linked").hardlink_to("mine")),
        "symlink out": lambda: (outside / "symlinked").symlink_to("mine"),
        "fifo": lambda: os.mkfifo(outside / "fifo"),
        "socket": lambda: socket.socket(socket.AF_UNIX).bind(str(outside / "listening")),
        "through a symlink": through(lambda: Path("symlink").symlink_to(kept), "symlink"),
        "through a hard link": through(lambda: Path("hard").hardlink_to(kept), "hard"),
        "through dots": lambda: Path("../kept").write_text("broken"),
        "through a folder's descriptor": from_below(str(kept)),
        "through another's root": lambda: Path(f"/proc/{parent}/root{kept}").write_text("broken"),
        "through another's folder": lambda: Path(f"/proc/{parent}/cwd", os.path.relpath(kept)).write_text("broken"),
        "mount": lambda: refused(libc.mount(b"tmpfs", str(outside).encode(), b"tmpfs", ctypes.c_ulong(0), None)),
        "remount": lambda: refused(libc.mount(None, b"/", None, ctypes.c_ulong(0x20 | 0x1000), None)),
        "unmount": lambda: refused(libc.umount2(b"/dev/shm", 2)),
        "new namespaces, then write": anew,
        "a disk": lambda: Path(_disk()).open("r+b").close(),
        "a kernel's setting": lambda: Path("/proc/sys/kernel/hostname").write_text(socket.gethostname()),
        "another's terminal": lambda: Path(_terminal).write_text("broken"),
    }


def _disk() -> str:
    found = [f"/dev/{name}" for name in os.listdir("/dev") if name.startswith(("vd", "sd", "nvme"))]
    if not found:
        raise OSError("no disk to try")
    return found[0]


_master, _slave = pty.openpty()
_terminal = os.ttyname(_slave)
Path(_terminal).chmod(0o666)


@pytest.mark.parametrize(("user", "means"), MEANS)
def test_nothing_outside_is_changed(user: int, means: Isolation, outside: Path, inside: Path) -> None:
    """By whatever way it is tried."""
    deeds = writing(outside, os.getpid())
    told = as_user(user, attempts(means, inside, deeds))
    allowed = {"a disk"} if not means.landlock and user == 0 else set()  # namespaces alone leave root its devices
    assert {name for name in deeds if not told[name]} - allowed == set(), told
    assert (outside / "kept").read_text() == "kept"
    assert sorted(path.name for path in outside.iterdir()) == ["kept", "run"]


@pytest.mark.parametrize(("user", "means"), MEANS)
def test_no_mark_is_left_outside(user: int, means: Isolation, outside: Path, inside: Path) -> None:
    """Permissions, owners and times of what lies outside stay: Landlock knows none of these, read-only mounts do."""
    if not means.namespaces:
        pytest.skip("Landlock alone keeps nobody from what is not the content of a file")
    kept = outside / "kept"
    deeds: dict[str, Callable[[], object]] = {
        "permissions": lambda: kept.chmod(0o600),
        "owner": lambda: os.chown(kept, os.getuid(), os.getgid()),
        "times": lambda: os.utime(kept, (0, 0)),
        "attributes": lambda: os.setxattr(kept, "user.kb", b"1"),
    }
    told = as_user(user, attempts(means, inside, deeds))
    assert all(told.values()), told
    assert kept.stat().st_mtime != 0


@pytest.mark.parametrize(("user", "means"), MEANS)
def test_no_network(user: int, means: Isolation, outside: Path, inside: Path) -> None:
    """Neither a server of this machine nor one far away; no program that takes orders on a socket."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(outside / "bus"))
        (outside / "bus").chmod(0o777)
        bus.listen()
        with socket.socket(socket.AF_UNIX) as abstract, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hearing:
            abstract.bind("\0kb-test-abstract")
            abstract.listen()
            hearing.bind(("127.0.0.1", 0))
            hearing.settimeout(0.5)
            there, heard = server.getsockname(), hearing.getsockname()

            def send() -> None:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
                    sending.sendto(b"out", heard)

            deeds: dict[str, Callable[[], object]] = {
                "this machine": lambda: socket.create_connection(there, timeout=5),
                "far away": lambda: socket.create_connection(("192.0.2.1", 80), timeout=5),
                "a socket on the disk": lambda: socket.socket(socket.AF_UNIX).connect(str(outside / "bus")),
                "an abstract socket": lambda: socket.socket(socket.AF_UNIX).connect("\0kb-test-abstract"),
                "a datagram": send,
            }
            told = as_user(user, attempts(means, inside, deeds))
            with suppress(TimeoutError):
                assert not hearing.recv(10) or not means.namespaces
    # Of a network Landlock knows TCP alone, of abstract sockets its sixth version, of those on a disk none yet.
    landlock = {*(["this machine", "far away"] if means.landlock >= 4 else [])}
    landlock |= {"an abstract socket"} if means.landlock >= 6 else set()
    wanted = (
        {"this machine", "far away", "a socket on the disk", "an abstract socket"} if means.namespaces else landlock
    )
    assert wanted <= {name for name, refusal in told.items() if refusal}, told
    (outside / "bus").unlink()


@pytest.mark.parametrize(("user", "means"), MEANS)
def test_processes_outside_are_out_of_reach(user: int, means: Isolation, inside: Path) -> None:
    """They are not traced, and since its sixth version Landlock lets no signal through."""
    ready, held = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        if user != os.getuid():
            os.setresuid(user, user, user)
            ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
        os.write(ready[1], b"1")
        os.read(held[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    libc = ctypes.CDLL(None, use_errno=True)
    deeds: dict[str, Callable[[], object]] = {
        "trace": lambda: refused(libc.ptrace(16, pid, None, None)),
        "memory": lambda: Path(f"/proc/{pid}/mem").open("r+b").close(),
        "signal": lambda: os.kill(pid, 0),
    }
    try:
        told = as_user(user, attempts(means, inside, deeds))
        wanted = {"trace", "memory"} | ({"signal"} if means.landlock >= 6 else set())
        assert wanted <= {name for name, refusal in told.items() if refusal}, told
    finally:
        os.write(held[1], b"1")
        os.waitpid(pid, 0)
        for end in (*ready, *held):
            os.close(end)


@pytest.mark.parametrize(("user", "means"), MEANS)
def test_what_scripts_need_goes_on(user: int, means: Isolation, inside: Path) -> None:
    """Files of their own, the loopback (or sockets in their folder), shared memory, terminals of their own."""

    def talk() -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("talk")
            server.listen()
            with socket.socket(socket.AF_UNIX) as client:
                client.connect("talk")

    def connect() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
            pass

    def file() -> None:
        Path("deep/er").mkdir(parents=True)
        Path("deep/er/file").write_text("x")
        Path("deep/er/file").rename("file")
        Path("deep/hard").hardlink_to("file")
        Path("deep/soft").symlink_to("file")
        os.truncate("file", 0)
        shutil.rmtree("deep")

    deeds: dict[str, Callable[[], object]] = {
        "files": file,
        "nothing": lambda: Path(os.devnull).write_text("x"),
        "shared memory": lambda: Path(f"/dev/shm/kb-test-{os.getpid()}").touch(),  # noqa: S108
        "sockets": talk,
        "reading": lambda: Path("/etc/passwd").read_text(),
        **({"loopback": connect, "a terminal": pty.openpty} if means.namespaces else {}),
    }
    told = as_user(user, attempts(means, inside, deeds))
    assert not any(told.values()), told
    if not means.namespaces:
        for left in Path("/dev/shm").glob("kb-test-*"):  # noqa: S108
            left.unlink()


@pytest.mark.parametrize(("user", "means"), MEANS)
def test_no_way_back(user: int, means: Isolation, inside: Path) -> None:
    """No privilege is left, and no program gives any."""

    def facts() -> dict[str, str]:
        enter(means, [str(inside)], is_talking=False)
        lines = Path("/proc/self/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    told = as_user(user, facts)
    reading = 1 << 1 | 1 << 2  # root's: of files, which nothing lets it write to
    assert told["NoNewPrivs"] == "1"
    assert int(told["CapPrm"], 16) & ~(reading if user == 0 else 0) == 0


SCRIPT = """
import os
import socket

import torch
from torch.utils.data import DataLoader

assert sum(batch.sum() for batch in DataLoader(torch.arange(100), batch_size=10, num_workers=2)) == 4950
open("mine", "w").write("mine")
try:
    open({outside!r}, "w")
except OSError as error:
    print("files:", type(error).__name__)
try:
    socket.create_connection(({host!r}, {port}), timeout=5)
except OSError as error:
    print("network:", type(error).__name__)
"""


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A warm worker."""
    with Worker.start() as started:
        yield started


@pytest.mark.parametrize("is_warm", [False, True], ids=["cold", "warm"])
def test_runs_are_isolated(is_warm: bool, worker: Worker, outside: Path) -> None:
    """Cold and warm: workers of a DataLoader run, files outside and other servers are out of reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        source = SCRIPT.format(outside=str(outside / "new"), host=host, port=port)
        done = run(Job(path="script.py", source=source), worker=worker if is_warm else None)
    assert done.passed, done
    assert done.warm == is_warm
    whole = OFFERED[os.getuid()]
    assert ("files:" in done.stdout) == any(whole)
    assert ("network:" in done.stdout) == bool(whole.namespaces or whole.landlock >= 4)
    assert not (outside / "new").exists() or not any(whole)


TALKING = """
import torch
import torch.distributed as dist

dist.init_process_group("gloo")
total = torch.ones(1)
dist.all_reduce(total)
assert total.item() == dist.get_world_size() == 2
dist.destroy_process_group()
"""


@pytest.mark.parametrize("is_warm", [False, True], ids=["cold", "warm"])
@pytest.mark.parametrize(
    "means", [means for user, means in [one.values for one in MEANS] if user == os.getuid()], ids=str
)
def test_torchrun_goes_on(means: Isolation, is_warm: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that talk to one another by the loopback do, by whichever means they are isolated."""
    monkeypatch.setenv("KB_ISOLATION", isolating_as(means))
    job = Job(path="script.py", source=TALKING, launcher="torchrun", processes=2)
    if is_warm:
        with Worker.start() as started:
            done = run(job, worker=started)
    else:
        done = run(job)
    assert done.passed, done
    assert done.warm == is_warm


def isolating_as(means: Isolation) -> str:
    """The word that asks for these means alone."""
    if means.namespaces and means.landlock:
        return ""
    return "namespaces" if means.namespaces else "landlock"


def test_what_cannot_be_isolated_does_not_run(tmp_path: Path) -> None:
    """It is told as trouble, which is graded as nothing of the script's doing."""

    done = supervised(Isolation(namespaces=-1), tmp_path)
    assert done.outcome is Outcome.FAILED
    assert "cannot be isolated" in done.trouble
    assert not done.is_own_doing
    assert done.stdout == ""


def supervised(means: Isolation, folder: Path) -> Run:
    """A run whose supervisor believes that the system offers something."""
    from dataclasses import asdict

    from kb.run.cold_supervisor import become_python
    from kb.run.runner import _collect
    from kb.run.supervisor import supervise

    job = Job(path="script.py", source="print('ran')", needs_checks=False)
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        supervise(theirs, asdict(job), str(folder), become_python, means)
    theirs.close()
    try:
        return _collect(job, ours, None, None, None, warm=False)
    finally:
        ours.close()
        os.waitpid(pid, 0)


def test_caches_that_lie_at_home_lie_in_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that is compiled has a place, whatever the user's environment says; without isolation it says it."""
    monkeypatch.setenv("TRITON_CACHE_DIR", "/cache")
    source = "import os, tempfile\nprint(os.environ['TRITON_CACHE_DIR'] == tempfile.gettempdir())"
    job = Job(path="script.py", source=source, needs_checks=False)
    assert run(job).stdout == f"{any(OFFERED[os.getuid()])}\n"
    monkeypatch.setenv("KB_ISOLATION", "off")
    assert run(job).stdout == "False\n"


@pytest.mark.parametrize("is_warm", [False, True], ids=["cold", "warm"])
def test_folders_that_lie_in_one_another(is_warm: bool, outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run may write to a folder that holds its own."""
    monkeypatch.setenv("TMPDIR", str(outside))
    source = f"open('own', 'w'); open({str(outside / 'new')!r}, 'w'); print('both')"
    job = Job(path="script.py", source=source, needs_checks=False, writable=(str(outside), str(outside)))
    if is_warm:
        with Worker.start() as started:
            done = run(job, worker=started)
    else:
        done = run(job)
    assert (done.stdout, done.trouble, done.warm) == ("both\n", "", is_warm)


def test_off(monkeypatch: pytest.MonkeyPatch, outside: Path) -> None:
    """The user's word; a worker that was started without it is passed by."""
    source = f"open({str(outside / 'new')!r}, 'w')"
    with Worker.start() as isolated:
        monkeypatch.setenv("KB_ISOLATION", "off")
        done = run(Job(path="script.py", source=source, needs_checks=False), worker=isolated)
    assert done.passed
    assert not done.warm
    assert (outside / "new").exists()


def test_an_unknown_word_isolates(tmp_path: Path) -> None:
    """What nobody understands is no word against it."""
    assert find_isolation(str(tmp_path), {"KB_ISOLATION": "of"}) == find_isolation(str(tmp_path), {})
    assert find_isolation(str(tmp_path), {"KB_ISOLATION": "OFF"}) == Isolation()


def test_paths_tell(kb: Kb) -> None:
    """What is active, for people and programs."""
    names = OFFERED[os.getuid()].names
    assert only_json(kb("paths", "--json").stdout)["isolation"] == names
    assert f"isolation: {', '.join(names) or 'none'}" in kb("paths").stdout
    assert "isolation: none: code runs as you" in kb("paths", environ={"KB_ISOLATION": "off"}).stdout
    mistyped = kb("paths", environ={"KB_ISOLATION": "of"})
    assert mistyped.stderr == "kb: KB_ISOLATION=of means nothing; write off, namespaces, landlock\n"
    assert f"isolation: {', '.join(names) or 'none'}" in mistyped.stdout


def test_what_isolation_refused_is_told(kb: Kb, deck: Path, outside: Path) -> None:
    """A script that writes elsewhere fails, and its user learns why; without isolation it is none of its doing."""
    source = f"{SNIPPET}\nopen({str(outside / 'new')!r}, 'w')\n"
    write_entry(deck, snippet=source)
    told = kb("run", "61", "--deck", str(deck)).stderr
    assert ("a script that is isolated (kb paths) writes only" in told) == any(OFFERED[os.getuid()])
    told = kb("run", "61", "--deck", str(deck), environ={"KB_ISOLATION": "off"}).stderr
    assert "isolated" not in told
    assert (outside / "new").exists()


def test_sockets_are_found(outside: Path) -> None:
    """Those that the kernel lists, and those that variables name."""
    with socket.socket(socket.AF_UNIX) as listed:
        path = outside / "with space"
        listed.bind(str(path))
        assert str(path.resolve()) in reachable_sockets({})
        for value in (f"unix:path={path},guid=1", f"unix://{path}", f"{path},123,0", str(path)):
            assert str(path.resolve()) in reachable_sockets({"DBUS_SESSION_BUS_ADDRESS": value})


def test_a_link_in_a_runs_folder_changes_nothing_outside(tmp_path: Path) -> None:
    """A folder that cannot be entered is opened to be removed; what a link in it leads to stays as it is."""
    target = tmp_path / "target"
    target.write_text("kept")
    target.chmod(0o640)
    folder = tmp_path / "folder"
    (folder / "closed").mkdir(parents=True)
    (folder / "closed" / "link").symlink_to(target)
    (folder / "closed").chmod(0o500)
    user = NOBODY if os.getuid() == 0 else os.getuid()
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, user, user, follow_symlinks=False)
    mode = target.stat().st_mode
    as_user(user, lambda: remove_folder(str(folder)))
    assert target.stat().st_mode == mode
    assert target.read_text() == "kept"
