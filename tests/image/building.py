"""Carries out a Dockerfile in folders: each stage is a root of Debian's, its instructions are run in it."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from tests.image.container import Box
from tests.image.dockerfile import Ignored, Instruction, Stage, read_stages

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BASE = "python:3.11-slim-bookworm"
# tini is what Docker starts as the first process of a container with `init: true`.
PACKAGES = ("python3.11", "python3-venv", "ca-certificates", "netbase", "tini")
MIRROR = "http://deb.debian.org/debian"
RESOLV, CERTIFICATES = Path("/etc/resolv.conf"), Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class Image:
    """A root, and what a container of it has unless told otherwise."""

    root: Path
    environ: Mapping[str, str]
    user: str
    workdir: str
    entrypoint: list[str]
    command: list[str]
    health: list[str]


def make_base(folder: Path) -> Path:
    """Debian's smallest root with Python, in place of the image that the Dockerfile starts from."""
    if not (folder / "usr/local/bin/python").exists():
        command = [
            "debootstrap",
            "--variant=minbase",
            f"--include={','.join(PACKAGES)}",
            "bookworm",
            str(folder),
            MIRROR,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
        (folder / "usr/local/bin/python").symlink_to("/usr/bin/python3.11")
    return folder


class Builder:
    """The stages of one Dockerfile, each a folder beside the base."""

    def __init__(self, context: Path, dockerfile: Path, base: Path, folder: Path) -> None:
        self._context, self._base, self._folder = context, base, folder
        self._ignored = Ignored((context / ".dockerignore").read_text())
        self.stages = read_stages(dockerfile.read_text())
        self._roots: dict[str, Path] = {}
        self.environ: dict[str, str] = {}
        self._user, self._workdir = "", "/"

    def begin(self, stage: Stage) -> None:
        if stage.base != BASE:
            raise ValueError(f"The stage starts from {stage.base}; only {BASE} has a stand-in here.")
        root = self._folder / (stage.name or "image")
        subprocess.run(["cp", "-a", "--reflink=auto", self._base, root], check=True)
        self._roots[stage.name] = self._root = root
        self.environ, self._user, self._workdir = {"PATH": PATH}, "", "/"

    def carry_out(self, instruction: Instruction) -> None:
        if instruction.word == "WORKDIR":
            self._workdir = str(Path(self._workdir) / instruction.text)
            self._inside(self._workdir).mkdir(parents=True, exist_ok=True)
        elif instruction.word == "ENV":
            before = dict(self.environ)
            self.environ |= {name: Template(value).substitute(before) for name, value in instruction.pairs()}
        elif instruction.word == "USER":
            self._user = instruction.text
        elif instruction.word == "RUN":
            self._run(instruction.text)
        elif instruction.word == "COPY":
            self._copy(instruction)

    def _run(self, command: str) -> None:
        files = {str(path): path.resolve() for path in (RESOLV, CERTIFICATES)}
        box = Box(self._root, self.environ, self._workdir, self._user or None, files=files)
        box.run(["sh", "-c", command])

    def _copy(self, instruction: Instruction) -> None:
        flags = instruction.flags()
        if flags.keys() - {"from"}:
            raise ValueError(f"COPY with {sorted(flags)} is not carried out here.")
        *sources, target = instruction.rest().split()
        to = self._inside(str(Path(self._workdir) / target))
        for source in sources:
            if "from" in flags:
                subprocess.run(["cp", "-aT", self._roots[flags["from"]] / source.lstrip("/"), to], check=True)
            elif (self._context / source).is_dir():
                self._copy_folder(source.strip("/"), to)
            else:
                self._copy_file(source, to / source if target.endswith("/") else to)

    def _copy_folder(self, source: str, to: Path) -> None:
        for path in sorted((self._context / source).rglob("*")):
            if path.is_file():
                self._copy_file(str(path.relative_to(self._context)), to / path.relative_to(self._context / source))

    def _copy_file(self, source: str, to: Path) -> None:
        if not self._ignored.has(source):
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self._context / source, to)

    def _inside(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def image(self) -> Image:
        last = self.stages[-1]
        commands = (last.last(word).command() for word in ("ENTRYPOINT", "CMD", "HEALTHCHECK"))
        return Image(self._root, self.environ, self._user, self._workdir, *commands)


def megabytes(folder: Path) -> int:
    """The size of a folder on the disk."""
    done = subprocess.run(["du", "-sm", folder], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0])
