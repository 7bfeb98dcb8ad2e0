"""How a service reaches the warehouse: by the URL that is set, or as its own user of the embedded warehouse.

The embedded warehouse listens for services on a port of its own, and each of them has a user with a password. Port and
passwords are chosen once, by the first process that needs them, and kept in the home, readable by the owner only.
"""

import os
import secrets
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Literal
from uuid import uuid4

import msgspec

from event_lens.data_dir import prepare_home
from event_lens.errors import Broken
from event_lens.processes import free_port
from event_lens.settings import Settings
from event_lens.shards import settings_of_shard, shard_of_home, url_of_shard
from event_lens.warehouse.client import Warehouse

Service = Literal["admin", "backup", "builder", "collector", "query"]
SERVICES: tuple[Service, ...] = ("admin", "backup", "builder", "collector", "query")
"""`admin` may do everything in the databases, `backup` makes and restores backups, `builder` builds, `collector` lands,
`query` reads.
"""

FILE = "warehouse-access.json"


class Access(msgspec.Struct, frozen=True):
    """The port at which the embedded warehouse listens for services, and the password of each service."""

    http_port: int
    passwords: dict[str, str]

    def url(self, service: Service) -> str:
        return f"http://{service}:{self.password(service)}@127.0.0.1:{self.http_port}"

    def password(self, service: Service) -> str:
        """Return the service's password; if an older home's file lacks it, derive it from the admin's password."""
        return self.passwords.get(service) or sha256(f"{service} {self.passwords['admin']}".encode()).hexdigest()

    @property
    def shards_secret(self) -> str:
        """Return the secret by which the shards of a warehouse authenticate one another. Only the first shard's home
        has it.
        """
        return sha256(f"shards {self.passwords['admin']}".encode()).hexdigest()


def connect(
    settings: Settings,
    service: Service,
    *,
    shard: int | None = None,
    database: str = "default",
    query_timeout_seconds: int = 60,
) -> Warehouse:
    """Return a connection to `shard` (by default this home's) with the rights of `service`, opened at its first use."""
    return Warehouse(url_of(settings, service, shard), database=database, query_timeout_seconds=query_timeout_seconds)


def url_of(settings: Settings, service: Service, shard: int | None = None) -> Callable[[], str]:
    """Return a function that calls `warehouse_url` at the time of use: the embedded warehouse's port may change until
    then.
    """
    return partial(warehouse_url, settings, service, shard)


def warehouse_url(settings: Settings, service: Service, shard: int | None = None) -> str:
    """Return the URL of `shard` (by default this home's) with the user of `service`; it holds a password, so it is
    never shown.
    """
    number = shard or shard_of_home(settings)
    return url_of_shard(settings, number) or read_access(settings_of_shard(settings, number).home).url(service)


def read_access(home: Path) -> Access:
    """Return the access to the embedded warehouse of `home`, created when it is missing. Raises `Broken`
    (`warehouse_access_damaged`).
    """
    file = prepare_home(home) / FILE
    if not file.exists():
        _write_once(file, Access(free_port(), {service: secrets.token_urlsafe(32) for service in SERVICES}))
    try:
        return msgspec.json.decode(file.read_bytes(), type=Access)
    except msgspec.DecodeError as error:
        raise Broken(
            f"{file} is damaged. Stop everything and remove it; the next start makes another.",
            code="warehouse_access_damaged",
        ) from error


def move_access(home: Path) -> Access:
    """Give the access another port, because another program took the old port, and return the access. Only the
    warehouse's own process may call this.
    """
    moved = Access(free_port(), read_access(home).passwords)
    _draft(home / FILE, moved).replace(home / FILE)
    return moved


def _write_once(file: Path, access: Access) -> None:
    """Write the file atomically unless another process wrote it first."""
    draft = _draft(file, access)
    try:
        os.link(draft, file)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _draft(file: Path, access: Access) -> Path:
    draft = file.with_name(f"{file.name}.{uuid4().hex}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        output.write(msgspec.json.encode(access))
        output.flush()
        os.fsync(output.fileno())
    return draft
