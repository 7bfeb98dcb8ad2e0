"""A process as a container has it: with a root that it cannot write to, and with its own mounts, PIDs and network."""

import os
import re
import resource
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
INIT = "/usr/bin/tini"
# Uvicorn stops in good order and then ends by the signal itself; what an init process makes of that is 143.
STOPPED = (0, -signal.SIGTERM, 128 + signal.SIGTERM)


@dataclass(frozen=True)
class Box:
    """What a container may see and write: everything but its command."""

    root: Path
    environ: Mapping[str, str]
    workdir: str = "/"
    # None: root with all rights, as the builder of an image is.
    user: str | None = None
    is_read_only: bool = False
    has_init: bool = False
    # Of /dev/shm each has its own; what is named here is a tmpfs with Docker's options.
    tmpfs: Sequence[str] = ()
    # Folders of the host by the path in the container.
    mounts: Mapping[str, Path] = field(default_factory=dict)
    # Files of the host, by the path in the container, that are read only.
    files: Mapping[str, Path] = field(default_factory=dict)
    hostname: str = "build"
    # The name of a network namespace; None: the machine's own.
    network: str | None = None
    open_files: int | None = None
    # A process whose PIDs it shares, as the containers of a pod may.
    beside: int | None = None

    def command(self, command: Sequence[str]) -> list[str]:
        """The command of the host that runs `command` in the container; with its end all its mounts end too."""
        outer = ["ip", "netns", "exec", self.network] if self.network else []
        if self.beside:
            outer += ["nsenter", f"--target={self.beside}", "--pid", "--no-fork"]
        own = ["--mount", "--uts", "--ipc"] if self.beside else ["--mount", "--uts", "--ipc", "--pid"]
        return [*outer, "unshare", *own, "--fork", "--kill-child", "sh", "-euc", self._script(command)]

    def _script(self, command: Sequence[str]) -> str:
        root = self.root
        lines = [
            f"hostname {self.hostname}",
            f"mount --bind {root} {root}",
            f"mount -t proc -o nosuid,nodev,noexec proc {root}/proc",
            f"mount -t tmpfs -o nosuid,mode=755 tmpfs {root}/dev",
            f"mount --rbind /sys {root}/sys; mount -o remount,ro,bind {root}/sys",
            f"mkdir {root}/dev/shm; ln -s /proc/self/fd {root}/dev/fd",
            f"mount -t tmpfs -o nosuid,nodev,noexec,mode=1777 tmpfs {root}/dev/shm",
            *(f"touch {root}/dev/{name}; mount --bind /dev/{name} {root}/dev/{name}" for name in DEVICES),
            *(f"mount -t tmpfs -o nosuid,nodev,noexec,mode=1777 tmpfs {root}{path}" for path in self.tmpfs),
            *(f"mount --bind {source} {root}{path}" for path, source in self.mounts.items()),
            *(f"touch {root}{path}; mount --bind {source} {root}{path}" for path, source in self.files.items()),
            *([f"mount -o remount,ro,bind {root}"] if self.is_read_only else []),
            *(
                [f"ulimit -n {min(self.open_files, resource.getrlimit(resource.RLIMIT_NOFILE)[1])}"]
                if self.open_files
                else []
            ),
        ]
        environ = [f"{name}={value}" for name, value in {**self.environ, "HOSTNAME": self.hostname}.items()]
        inner = ["env", "--ignore-environment", f"--chdir={self.workdir}", *environ, *self.as_user()]
        inner += [INIT, "--", *command] if self.has_init else command
        return "\n".join([*lines, f"exec chroot {root} {shlex.join(inner)}"])

    def as_user(self) -> list[str]:
        """The command that gives up all rights but those of the user."""
        if self.user is None:
            return []
        user, _, group = self.user.partition(":")
        return [
            *("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"),
            *("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"),
        ]

    def run(self, command: Sequence[str], *, seconds: float = 1800) -> str:
        """What the command printed when it has ended well. Raises RuntimeError with what it printed otherwise."""
        done = subprocess.run(self.command(command), capture_output=True, text=True, timeout=seconds, check=False)
        if done.returncode:
            end = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
            raise RuntimeError(f"{shlex.join(command)} ended with {done.returncode}:\n{end}")
        return done.stdout


class Container:
    """A container that runs; its output is in `log`."""

    def __init__(self, name: str, box: Box, command: Sequence[str], log: Path) -> None:
        self.name, self.box, self.log = name, box, log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                box.command(command), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    @property
    def first(self) -> int | None:
        """The process that is the first one of the container, once it is in its root."""
        try:
            (child,) = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
            return int(child) if Path(f"/proc/{child}/root").readlink() != Path("/") else None
        except (OSError, ValueError):
            return None

    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait(self, seconds: float) -> int:
        return self._process.wait(seconds)

    def succeeds(self, command: Sequence[str]) -> bool:
        """Whether a command ends well in the running container, as its health check is run."""
        if (first := self.first) is None:
            return False
        entered = ["nsenter", f"--target={first}", "--mount", "--pid", "--net", "--uts", "--ipc", "--root", "--wd"]
        environ = ["env", "--ignore-environment", *(f"{name}={value}" for name, value in self.box.environ.items())]
        done = subprocess.run([*entered, *environ, *self.box.as_user(), *command], capture_output=True, check=False)
        return done.returncode == 0

    def memory(self) -> int:
        """The bytes of memory of all its processes, shared pages by share."""
        own = Path(f"/proc/{self.first}/ns/mnt").readlink()
        total = 0
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if (process / "ns" / "mnt").readlink() == own:
                    found = re.search(r"^Pss:\s+(\d+)", (process / "smaps_rollup").read_text(), re.MULTILINE)
                    total += int(found[1]) * 1024 if found else 0
            except OSError:
                continue  # It has ended meanwhile.
        return total

    def stop(self, within: float) -> tuple[float, int]:
        """Ask its first process to end, as Docker does; the seconds that it took, and the exit code."""
        begin = time.monotonic()
        if first := self.first:
            os.kill(first, signal.SIGTERM)
            try:
                self.wait(within)
            except subprocess.TimeoutExpired:
                self.kill()
        return time.monotonic() - begin, self._process.returncode

    def kill(self) -> None:
        """End it with everything in it."""
        if self.is_running():
            self._process.kill()
            self._process.wait()

    def end_of_log(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])
