"""The proxies' configurations of `deploy/`, as they are but for names and ports, run by the real programs."""

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from event_lens.processes import stop
from tests.ports import free_port, wait_for_port

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
NAME = "stats.example.com"


class Parts(NamedTuple):
    """Where the proxy finds the parts: host and port of each."""

    collector: str
    query: str
    dagster: str


class Certificate(NamedTuple):
    """A certificate for `NAME`, signed by itself."""

    certificate: Path
    key: Path


def make_certificate(folder: Path) -> Certificate:
    """Skips where openssl is missing."""
    made = Certificate(folder / "fullchain.pem", folder / "privkey.pem")
    command = [find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-keyout", str(made.key), "-out", str(made.certificate), "-days", "2", "-subj", f"/CN={NAME}"]
    command += ["-addext", f"subjectAltName=DNS:{NAME}"]
    subprocess.run(command, check=True, capture_output=True)
    return made


def find(program: str) -> str:
    """Skips, and says why, where the program is missing."""
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip(f"{program} is missing; Debian's package is {'nginx-light' if program == 'nginx' else program}")
    return found


def changed(text: str, *changes: tuple[str, str]) -> str:
    """`text` with each change made; what is not there to be changed fails the test."""
    for old, new in changes:
        assert old in text, f"deploy/ has no {old!r} any more"
        text = text.replace(old, new)
    return text


@contextmanager
def nginx(folder: Path, certificate: Certificate, parts: Parts, port: int) -> Iterator[int]:
    """`deploy/nginx.conf` with TLS at `port`; yields the port that leads there from plain HTTP."""
    program, plain = find("nginx"), free_port()
    site = changed(
        (DEPLOY / "nginx.conf").read_text(),
        ("server 127.0.0.1:3002;", f"server {parts.collector};"),
        ("server 127.0.0.1:3003;", f"server {parts.query};"),
        ("server 127.0.0.1:3000;", f"server {parts.dagster};"),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/eventlens/fullchain.pem", str(certificate.certificate)),
        ("/etc/ssl/eventlens/privkey.pem", str(certificate.key)),
    )
    temporary = "\n".join(
        f"{kind}_temp_path {folder / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; worker_processes 1; pid {folder / 'nginx.pid'}; error_log stderr warn;\n"
        f"events {{}}\nhttp {{ types {{}} {temporary}\n{site} }}\n"
    )
    with _served([program, "-p", str(folder), "-c", str(folder / "nginx.conf")], folder / "nginx.log", port):
        yield plain


def caddyfile(certificate: Certificate, plain: int, port: int) -> str:
    """`deploy/Caddyfile` with a certificate of the tests' own at `port`, and plain HTTP at `plain`."""
    ours = f"{{\n\tadmin off\n\tauto_https disable_certs\n\thttp_port {plain}\n\thttps_port {port}\n}}\n"
    tls = f"encode gzip\n\ttls {certificate.certificate} {certificate.key}"
    return ours + changed((DEPLOY / "Caddyfile").read_text(), ("encode gzip", tls))


@contextmanager
def caddy(folder: Path, certificate: Certificate, parts: Parts, port: int) -> Iterator[int]:
    """`deploy/Caddyfile` with TLS at `port`; yields the port that leads there from plain HTTP."""
    program, plain = find("caddy"), free_port()
    (folder / "Caddyfile").write_text(caddyfile(certificate, plain, port))
    environ = os.environ | {
        "LENS_SITE": NAME,
        "LENS_COLLECTORS": parts.collector,
        "LENS_QUERY": parts.query,
        "LENS_DAGSTER": parts.dagster,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    command = [program, "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    with _served(command, folder / "caddy.log", port, environ):
        yield plain


PROXIES = {"nginx": nginx, "caddy": caddy}


@contextmanager
def _served(command: list[str], log: Path, port: int, environ: dict[str, str] | None = None) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environ, start_new_session=True)
    try:
        wait_for_port(port, lambda: process.poll() is None, log)
        yield
    finally:
        stop(process)


def visitor(certificate: Certificate, port: int, address: str = "127.0.0.1", server: str = "127.0.0.1") -> httpx.Client:
    """A client at `address` that trusts the certificate and knows where the public name leads."""
    context = ssl.create_default_context(cafile=str(certificate.certificate))
    return httpx.Client(
        base_url=f"https://{server}:{port}",
        # As browsers do, which leave the usual port out.
        headers={"host": NAME if port == 443 else f"{NAME}:{port}"},
        transport=_Named(verify=context, local_address=address),
        timeout=30,
    )


class _Named(httpx.HTTPTransport):
    """Asks for the certificate of the public name, though the address is written in numbers."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["sni_hostname"] = NAME
        return super().handle_request(request)
