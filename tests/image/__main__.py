"""Builds the image of `deploy/Dockerfile` without Docker and runs `deploy/compose.yaml` with it: `make image`.

Stages are folders of Debian's (debootstrap), containers are namespaces with a read-only root. Nothing of it stays.
"""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.image.building import Builder, Image, make_base, megabytes
from tests.image.house import House
from tests.image.steps import say, step
from tests.postgres import find_binaries

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("debootstrap", "ip", "unshare", "nsenter", "caddy", "openssl")
NOT_TRIED = """\
Not tried here: the image python:3.11-slim-bookworm (Debian's own Python 3.11 stands for it), Docker's network, name
server, seccomp profile and memory limits, the images of Caddy (Debian's runs), ClickHouse (the embedded warehouse runs)
and PostgreSQL (Debian's runs, and asks for no password), a certificate by ACME, a cluster of Kubernetes."""


def missing() -> str:
    """What keeps this from running here, as a sentence; empty if nothing does."""
    if os.geteuid() != 0:
        return "Building the image in a chroot needs root: run it as root, on a machine where that is all right."
    absent = [name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None]
    if find_binaries() is None:
        absent.append("initdb")
    if absent:
        return (
            f"Missing: {', '.join(absent)}. On Debian: "
            "apt-get install debootstrap iproute2 util-linux caddy openssl postgresql"
        )
    return ""


def build(folder: Path, base: Path) -> Image:
    """Carry out every stage of the Dockerfile, a step a line."""
    builder = Builder(ROOT, ROOT / "deploy" / "Dockerfile", base, folder)
    for stage in builder.stages:
        with step(f"FROM {stage.base} {stage.name}".strip()):
            builder.begin(stage)
        for instruction in stage.instructions:
            with step(f"{instruction.word} {instruction.text}"):
                builder.carry_out(instruction)
    image = builder.image()
    say(f"The image has {megabytes(image.root) - megabytes(base)} MB over its base's {megabytes(base)} MB.")
    return image


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder that is removed at the end, at the place of all temporary files (TMPDIR)."""
    folder = Path(tempfile.mkdtemp(prefix="eventlens-image-"))
    try:
        yield folder
    finally:
        # A root in which anything is mounted yet must not be emptied.
        if str(folder) in Path("/proc/mounts").read_text():
            say(f"{folder} is left: something is mounted in it.")
        else:
            shutil.rmtree(folder)


def end(*_: object) -> None:
    """End what was started, and remove the folder, once: the same signal again must not disturb that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(1)


def main() -> int:
    if told := missing():
        sys.stderr.write(f"{told}\n")
        return 2
    signal.signal(signal.SIGTERM, end)
    try:
        with workplace() as folder, ExitStack() as stack:
            with step("debootstrap bookworm"):
                base = make_base(folder / "base")
            image = build(folder, base)
            House(stack, image, folder).run()
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    say(NOT_TRIED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
