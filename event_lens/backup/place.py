"""The place of backups: a folder of the warehouse's machine, or a bucket of a store that speaks S3."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from event_lens.errors import Refused
from event_lens.settings import Settings

DISK = "backups"
"""The embedded warehouse's disk for the bucket: its engine has no threads for S3(...) in BACKUP; a disk needs none."""

_NAME = re.compile(r"\w[\w.-]{0,99}", re.ASCII)


@dataclass(frozen=True)
class Target:
    """The place of a backup as a statement of BACKUP or RESTORE names it: SQL, and the values for its parameters."""

    sql: str
    parameters: dict[str, str]


def check_name(name: str) -> str:
    """Return `name`, if a backup may have it. Raises `Refused` (`backup_name`)."""
    if not _NAME.fullmatch(name):
        raise Refused(
            f"A backup's name is letters, digits, `_`, `-` and `.`, not {name!r}. The folder that holds all of them "
            "is EVENTLENS_BACKUPS.",
            code="backup_name",
        )
    return name


def target_of(settings: Settings, name: str, shard: int = 1, *, prefix: str = "") -> Target:
    """Return the place of the backup `name` of a shard. `prefix` keeps its SQL parameters apart from those of another
    target.
    """
    inside = f"{check_name(name)}/{shard}"
    if is_bucket(settings) and settings.is_embedded:
        return _target("Disk", (DISK, inside), prefix)
    if is_bucket(settings):
        values = (f"{settings.backups}/{inside}", settings.backups_key, settings.backups_secret)
        return _target("S3", values, prefix)
    # The embedded warehouse has its folder of backups from its configuration; on a server the folder is a setting.
    folder = "" if settings.is_embedded or not settings.backups else f"{backups_folder(settings)}/"
    return _target("File", (f"{folder}{inside}",), prefix)


def is_bucket(settings: Settings) -> bool:
    return "://" in settings.backups


def backups_folder(settings: Settings) -> Path:
    """Return the folder of backups, for a home whose backups are not kept in a bucket."""
    return Path(settings.backups).expanduser().absolute() if settings.backups else settings.home / "backups"


def bucket_port(address: str) -> int:
    """Return the port of the store that has the bucket."""
    url = urlsplit(address)
    return url.port or (443 if url.scheme == "https" else 80)


def shown_place(settings: Settings) -> str:
    return settings.backups if is_bucket(settings) else str(backups_folder(settings))


def _target(kind: str, values: tuple[str, ...], prefix: str) -> Target:
    parameters = {f"{prefix}target_{number}": value for number, value in enumerate(values)}
    return Target(f"{kind}({', '.join(f'{{{name}:String}}' for name in parameters)})", parameters)
