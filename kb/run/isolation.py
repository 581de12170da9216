"""Isolation: what keeps a script from the network, and from every file outside its run's folder. Linux alone has it.

Two means, both entered where both are offered, without any privilege:

- Namespaces of its own (``user_namespaces(7)``). Of mounts: every file system is read-only but the run's folder, shared
  memory is its own, and the sockets on which other programs take orders are covered. Of the network: there is a
  loopback and nothing else. Of System V's and POSIX's shared memory and queues.
- Landlock (``landlock(7)``), a rule of the kernel for a process and its children: it can write to its folder and to the
  devices that computing needs; it changes no mount, traces and signals no process outside. Of the network it knows TCP
  alone, by port: where there is no namespace, nothing can be connected to.

Some systems offer users no namespaces (containers, Ubuntu since 23.10), old kernels no Landlock. A process that has
entered can neither leave nor give its children more.
"""

import ctypes
import fcntl
import os
import socket
import stat
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

VARIABLE, OFF, ONLY = "KB_ISOLATION", "off", ("namespaces", "landlock")
"""The user's word: against it, or for one of the two alone."""

_CLONE_NEWNS, _CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWNET = 0x00020000, 0x08000000, 0x10000000, 0x40000000
_APART = _CLONE_NEWNS | _CLONE_NEWIPC | _CLONE_NEWNET

_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x2, 0x4, 0x8, 0x1000, 0x4000, 0x40000
_MOUNT_ATTR_RDONLY, _AT_RECURSIVE, _AT_FDCWD = 0x1, 0x8000, -100

_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1

# Numbers of system calls that the C library has no name for; the same on every processor.
_MOUNT_SETATTR, _CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 442, 444, 445, 446

_LANDLOCK_VERSION, _LANDLOCK_PATH = 1, 1

# What Landlock can keep from a process, as bits: of files, by the version that brought it.
_WRITE_FILE, _TRUNCATE, _IOCTL_DEV = 1 << 1, 1 << 14, 1 << 15
_WRITES = {1: _WRITE_FILE | sum(1 << bit for bit in range(4, 13)), 2: 1 << 13, 3: _TRUNCATE, 5: _IOCTL_DEV}
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_SCOPES = 1 << 0 | 1 << 1
"""Abstract sockets, and signals to processes outside."""

SHARED_MEMORY = "/dev/shm"  # noqa: S108 the system's own place for it
TERMINALS = "/dev/pts"
DEVICES = ("null", "zero", "full", "random", "urandom", "ptmx", "kfd")
"""Devices below ``/dev`` that may be written to, beside those of GPUs."""
GPUS = ("nvidia", "dri")
"""How the names of those begin."""

_COMMANDING = (
    "/run/dbus/system_bus_socket",
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
)
"""Sockets on which programs take orders, which a container's list of sockets need not name."""
_NAMED_SOCKETS = ("SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "DOCKER_HOST", "WAYLAND_DISPLAY", "TMUX")
"""Variables that name more of them."""


class Isolation(NamedTuple):
    """What a system offers."""

    namespaces: int = 0
    """What ``unshare`` is to be asked for; 0 if it gives none."""
    landlock: int = 0
    """Its version; 0 if there is none."""

    @property
    def names(self) -> list[str]:
        """For people."""
        return [*(["namespaces"] if self.namespaces else []), *([f"Landlock {self.landlock}"] if self.landlock else [])]

    def variables(self, scratch: str) -> dict[str, str]:
        """What a script is to find in its environment.

        Args:
            scratch: a folder that it may write to.
        """
        # By themselves they lie in the user's home.
        found = {"TRITON_CACHE_DIR": scratch, "TORCH_EXTENSIONS_DIR": scratch} if any(self) else {}
        # gloo asks the host's name for the network to use, and a network of one's own has the loopback alone.
        return found | ({"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"} if self.namespaces else {})


def find_isolation(folder: str, environ: Mapping[str, str]) -> Isolation:
    """What this system offers: tried by a child of this process, which must have one thread.

    Args:
        folder: any that can be written.
        environ: may say that none is wanted, or one of the two alone.
    """
    wanted = environ.get(VARIABLE, "").lower()
    if sys.platform != "linux" or wanted == OFF:
        return Isolation()
    only = wanted if wanted in ONLY else ""
    # root needs no users of its own, and in such ones could not read what belongs to others.
    ways = [_APART, _APART | _CLONE_NEWUSER] if os.geteuid() == 0 else [_APART | _CLONE_NEWUSER]
    namespaces = next((way for way in ways if _is_given(way, folder)), 0) if only != "landlock" else 0
    return Isolation(namespaces, _landlock_version() if only != "namespaces" else 0)


def _is_given(namespaces: int, folder: str) -> bool:
    pid = os.fork()
    if pid == 0:
        try:
            _enter_namespaces(namespaces, [folder], ())
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def enter(isolation: Isolation, folders: Sequence[str], is_talking: bool) -> None:
    """Isolate this process, which must have one thread, and all that it will start.

    Args:
        isolation: what was found.
        folders: where it may write.
        is_talking: whether its processes talk to one another by TCP.

    Raises:
        OSError: something of it is refused: nothing may run then.
    """
    if not any(isolation):
        return
    if isolation.namespaces:
        _enter_namespaces(isolation.namespaces, folders, reachable_sockets(os.environ))
    _checked(_libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    if isolation.landlock:
        _enter_landlock(isolation, folders, is_talking)
    _drop_capabilities()


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


# Namespaces


def _enter_namespaces(namespaces: int, folders: Sequence[str], sockets: Iterable[str]) -> None:
    libc, user, group = _libc(), os.geteuid(), os.getegid()

    def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
        texts = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
        _checked(libc.mount(*texts, ctypes.c_ulong(flags), options and options.encode()), f"mount {target}")

    _checked(libc.unshare(namespaces), "unshare")
    if namespaces & _CLONE_NEWUSER:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "wb") as file:
                file.write(text.encode())
    mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    folders = sorted({os.path.realpath(folder) for folder in folders})  # a mount would hide what was mounted below it
    for folder in folders:
        mount(folder, folder, None, _MS_BIND)
    _set_read_only("/", 1, _AT_RECURSIVE)
    for folder in folders:
        _set_read_only(folder, 0, 0)
    mount("tmpfs", SHARED_MEMORY, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=1777")
    # Whoever may write to a terminal of the user's can make it type.
    mount("devpts", TERMINALS, "devpts", _MS_NOSUID | _MS_NOEXEC, "newinstance,ptmxmode=0666,mode=600")
    for path in sockets:
        with suppress(FileNotFoundError, PermissionError, NotADirectoryError):  # gone, or out of reach anyway
            mount(os.devnull, path, None, _MS_BIND)
    _raise_loopback()


class _MountAttributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("users", ctypes.c_uint64),
    )


def _set_read_only(path: str, is_on: int, flags: int) -> None:
    wanted = _MountAttributes(*((_MOUNT_ATTR_RDONLY, 0) if is_on else (0, _MOUNT_ATTR_RDONLY)), 0, 0)
    size = ctypes.sizeof(wanted)
    arguments = _AT_FDCWD, os.fsencode(path), flags, ctypes.byref(wanted), ctypes.c_size_t(size)
    _checked(_libc().syscall(_MOUNT_SETATTR, *arguments), f"mount_setattr {path}")


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack_from("H", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, asked), 16)[0]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def reachable_sockets(environ: Mapping[str, str]) -> set[str]:
    """Paths of the sockets that other programs listen on: a network of one's own does not keep a process from those,
    and whoever may talk to a session bus, a container's daemon or a terminal multiplexer can have it run anything."""
    found = {*_COMMANDING, *_listed_sockets(), *_named_sockets(environ)}
    return {path for one in found if _is_socket(path := os.path.realpath(one))}


def _listed_sockets() -> Iterator[str]:
    with suppress(OSError), open("/proc/net/unix", "rb") as lines:
        for line in lines:
            if (at := line.find(b" /")) > 0:
                yield os.fsdecode(line[at + 1 :].rstrip(b"\n"))


def _named_sockets(environ: Mapping[str, str]) -> Iterator[str]:
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    yield f"{runtime}/bus"
    for name in _NAMED_SOCKETS:
        # unix:path=/run/user/1000/bus,guid=... · unix:///run/docker.sock · /tmp/tmux-1000/default,123,0 · wayland-0
        value = environ.get(name, "").removeprefix("unix:").removeprefix("path=").partition(",")[0]
        if value:
            yield value.replace("//", "/") if value.startswith("/") else f"{runtime}/{value}"


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116 pathlib would be 100 times as much
    except (OSError, ValueError):
        return False


# Landlock


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def _landlock_version() -> int:
    return max(0, int(_libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _LANDLOCK_VERSION)))


def _enter_landlock(isolation: Isolation, folders: Sequence[str], is_talking: bool) -> None:
    libc, version = _libc(), isolation.landlock
    writes = sum(bits for since, bits in _WRITES.items() if version >= since)
    # A network of its own has nothing to connect to but itself.
    network = _BIND_TCP | _CONNECT_TCP if version >= 4 and not isolation.namespaces and not is_talking else 0
    wanted = _Ruleset(writes, network, _SCOPES if version >= 6 else 0)
    size = ctypes.c_size_t(ctypes.sizeof(wanted))
    rules = _checked(libc.syscall(_CREATE_RULESET, ctypes.byref(wanted), size, 0), "landlock_create_ruleset")
    try:
        for path, allowed in _writable(folders, writes, bool(isolation.namespaces)):
            try:
                place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue  # this machine has no such device
            try:
                rule = _PathRule(allowed, place)
                result = libc.syscall(_ADD_RULE, rules, _LANDLOCK_PATH, ctypes.byref(rule), 0)
                _checked(result, f"landlock_add_rule {path}")
            finally:
                os.close(place)
        _checked(libc.syscall(_RESTRICT_SELF, rules, 0), "landlock_restrict_self")
    finally:
        os.close(rules)


def _writable(folders: Sequence[str], writes: int, has_own_terminals: bool) -> Iterator[tuple[str, int]]:
    """Where a script may write, and what it may do there."""
    on_file = writes & (_WRITE_FILE | _TRUNCATE | _IOCTL_DEV)
    for folder in (*folders, SHARED_MEMORY):
        yield folder, writes
    if has_own_terminals:
        yield TERMINALS, on_file
    for name in (*DEVICES, *(name for name in os.listdir("/dev") if name.startswith(GPUS))):
        yield f"/dev/{name}", on_file


# Privileges


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("process", ctypes.c_int))


class _CapabilityData(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inherited", ctypes.c_uint32))


def _drop_capabilities() -> None:
    """Give up what could undo the rest. root may still read everybody's files: its program may lie among them.

    With ``no_new_privs`` no program that is started can get any of it back.
    """
    kept = 1 << _CAP_DAC_OVERRIDE | 1 << _CAP_DAC_READ_SEARCH if os.geteuid() == 0 else 0
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    held = (_CapabilityData * 2)()
    _checked(_libc().capget(ctypes.byref(header), ctypes.byref(held)), "capget")
    kept &= held[0].permitted
    data = (_CapabilityData * 2)(_CapabilityData(kept, kept, 0), _CapabilityData(0, 0, 0))
    _checked(_libc().capset(ctypes.byref(header), ctypes.byref(data)), "capset")
