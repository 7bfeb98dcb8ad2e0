"""Landlock: the kernel keeps a thread, and every thread it starts, from using other files and other ports.

It stops accesses that the engine's own access control misses: reading and writing outside of the listed folders,
connecting to ports that are not listed, listening on others. It does not stop reading inside of the listed folders, nor
UDP. Linux 6.7 and later restrict ports as well, earlier kernels (from 5.13) files only; where the kernel has no
Landlock, nothing is restricted (https://docs.kernel.org/userspace-api/landlock.html).
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH, _NET_PORT = 1, 2
_PR_SET_NO_NEW_PRIVS = 38

_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
# The rights over files that each version of the interface knows: 13, then renaming, truncating and device control.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_NEWEST_FILE_RIGHTS = 16
_BIND, _CONNECT = 1, 2
_FIRST_WITH_PORTS = 4

_libc = ctypes.CDLL(None, use_errno=True)


def landlock_version() -> int:
    """Return the version of the kernel's interface; 0 where the kernel has none or it is switched off."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)))


def restrict_thread(
    *, writable: Iterable[Path], readable: Iterable[Path], listen: Iterable[int], connect: Iterable[int]
) -> bool:
    """Limit the calling thread and the threads that it will start to these folders, files and TCP ports, permanently.
    Returns False where the kernel has no Landlock. Raises `OSError` when the kernel has it and refuses.
    """
    version = landlock_version()
    if not version:
        return False
    all_rights = (1 << _FILE_RIGHTS.get(version, _NEWEST_FILE_RIGHTS)) - 1
    has_ports = version >= _FIRST_WITH_PORTS
    handled = struct.pack("QQ", all_rights, _BIND | _CONNECT) if has_ports else struct.pack("Q", all_rights)
    ruleset = _checked(_libc.syscall(_CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), 0))
    try:
        for path in writable:
            _allow_path(ruleset, path, all_rights)
        for path in readable:
            _allow_path(ruleset, path, _READ_FILE | _READ_DIR if path.is_dir() else _READ_FILE)
        if has_ports:
            for right, ports in ((_BIND, listen), (_CONNECT, connect)):
                for port in ports:
                    rule = struct.pack("=QQ", right, port)
                    _checked(_libc.syscall(_ADD_RULE, ruleset, _NET_PORT, rule, 0))
        _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(_libc.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)
    return True


def _allow_path(ruleset: int, path: Path, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _checked(_libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0))
    finally:
        os.close(descriptor)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
