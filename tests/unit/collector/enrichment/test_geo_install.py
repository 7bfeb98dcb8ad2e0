"""`eventlens geo install`: the real npm against a registry of the test's own."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from collector.enrichment.geo import INSTALLED, Geo, Place
from collector.enrichment.geo_install import DATABASE, NOTICE, PACKAGE
from tests.unit.collector.enrichment.flat_database import write_database

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")

OLD = b"what was there before"


def package(files: dict[str, bytes]) -> bytes:
    """A package as a registry serves it."""
    about = {"name": PACKAGE, "version": "1.2.3", "license": "CC0-1.0"}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in ({"package.json": json.dumps(about).encode()} | files).items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@contextmanager
def registry(tarball: bytes, promised: bytes | None = None) -> Iterator[str]:
    """Serves one package; its hash is the one of `promised`, if that is given."""
    integrity = "sha512-" + b64encode(hashlib.sha512(promised or tarball).digest()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tarball_url = f"http://127.0.0.1:{server.server_port}/package.tgz"
            dist = {"tarball": tarball_url, "integrity": integrity}
            about = {
                "name": PACKAGE,
                "dist-tags": {"latest": "1.2.3"},
                "versions": {"1.2.3": {"name": PACKAGE, "version": "1.2.3", "dist": dist}},
            }
            body = tarball if self.path == "/package.tgz" else json.dumps(about).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the test's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def install(home: Path, registry_url: str, **environ: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
    own = {
        "EVENTLENS_HOME": str(home),
        "npm_config_registry": registry_url,
        "npm_config_cache": str(home.parent / "npm-cache"),
        "npm_config_fetch_retries": "0",
        "npm_config_update_notifier": "false",
    }
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "geo", "install"],
        env=inherited | own | environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that has a database already."""
    folder = tmp_path / "home"
    (folder / INSTALLED).parent.mkdir(parents=True)
    (folder / INSTALLED).write_bytes(OLD)
    return folder


@pytest.fixture
def database(tmp_path: Path) -> bytes:
    write_database(tmp_path / DATABASE, {"81.2.69.0/24": {"country_code": "GB"}})
    return (tmp_path / DATABASE).read_bytes()


def test_the_database_is_installed_with_its_licence(home: Path, database: bytes) -> None:
    with registry(package({DATABASE: database, "NRO_LICENSE": b"Say where it is from."})) as url:
        done = install(home, url)
    assert done.returncode == 0, done.stderr
    assert "data of 2023-11-14" in done.stdout
    geo = Geo(home / INSTALLED)
    assert geo.place("81.2.69.160") == Place("GB")
    geo.close()
    notice = (home / INSTALLED).with_name(NOTICE).read_text()
    assert "version 1.2.3" in notice
    assert "CC0-1.0" in notice
    assert "Say where it is from." in notice
    assert {path.name for path in (home / INSTALLED).parent.iterdir()} == {INSTALLED.name, NOTICE}


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, f"holds no {DATABASE}"),
        ({f"../{DATABASE}": OLD}, f"holds no {DATABASE}"),
        ({DATABASE: b"no database"}, "cannot be read"),
    ],
)
def test_a_package_without_a_database_changes_nothing(home: Path, files: dict[str, bytes], says: str) -> None:
    with registry(package(files)) as url:
        assert_refused(install(home, url), home, says)


def test_a_package_whose_hash_is_wrong_changes_nothing(home: Path, database: bytes) -> None:
    with registry(package({DATABASE: database}), promised=b"another") as url:
        assert_refused(install(home, url), home, "EINTEGRITY")


def test_a_registry_that_does_not_answer_is_reported(home: Path) -> None:
    assert_refused(install(home, "http://127.0.0.1:9"), home, "npm ping")


def test_a_missing_npm_is_reported(home: Path) -> None:
    assert_refused(install(home, "", PATH=str(home)), home, "Install Node.js with npm")


def assert_refused(done: subprocess.CompletedProcess[str], home: Path, says: str) -> None:
    assert done.returncode == 1
    assert says in done.stderr
    assert "EVENTLENS_GEOIP_DB" in done.stderr
    assert "Traceback" not in done.stderr
    assert (home / INSTALLED).read_bytes() == OLD
    assert [path.name for path in (home / INSTALLED).parent.iterdir()] == [INSTALLED.name]
