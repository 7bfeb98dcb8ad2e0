"""Translates the warehouse's errors about a backup that it cannot make or find."""

from collections.abc import Iterator
from contextlib import contextmanager

from event_lens.backup.place import shown_place
from event_lens.errors import Refused
from event_lens.settings import Settings

_NOT_FOUND, _EXISTS = "warehouse_599", "warehouse_598"


@contextmanager
def translated(settings: Settings, name: str) -> Iterator[None]:
    """Turn the warehouse's refusals inside the block into refusals that name the backup `name`."""
    try:
        yield
    except Refused as error:
        place = shown_place(settings)
        if error.code == _NOT_FOUND:
            raise Refused(f"There is no backup {name} in {place}: {error.message}", code="backup_unknown") from error
        if error.code == _EXISTS:
            raise Refused(
                f"There is a backup {name} in {place} already. Take another name.", code="backup_exists"
            ) from error
        raise Refused(
            f"The warehouse could not do this with {name} in {place}. The embedded one reads EVENTLENS_BACKUPS when it "
            f"starts; a ClickHouse server needs `backups.allowed_path`. {error.message}",
            code="backup_refused",
        ) from error
