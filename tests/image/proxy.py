"""Debian's Caddy in a network namespace of its own, with `deploy/Caddyfile` as it is but for the certificate."""

import os
import shlex
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from socket import socket

from event_lens.processes import stop
from tests.deploy.front import Certificate, caddyfile, find
from tests.image.steps import wait_until

START_SECONDS = 20


def serve_caddy(
    stack: ExitStack,
    folder: Path,
    place: tuple[str, str],
    hosts: Path,
    certificate: Certificate,
    environ: Mapping[str, str],
) -> None:
    """Run it at the place, a namespace and an address, until the stack ends, with the environment of compose."""
    namespace, address = place
    (folder / "Caddyfile").write_text(caddyfile(certificate, 80, 443))
    own = {name: str(folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    run = [find("caddy"), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    script = f"mount --bind {hosts} /etc/hosts; exec {shlex.join(run)}"
    command = ["ip", "netns", "exec", namespace, "unshare", "--mount", "sh", "-euc", script]
    with (folder / "caddy.log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **environ, **own}, stdout=log, stderr=log, start_new_session=True
        )
    stack.callback(stop, process)

    def answers() -> bool:
        with socket() as probe:
            return probe.connect_ex((address, 443)) == 0

    wait_until(answers, START_SECONDS, (folder / "caddy.log").read_text)
