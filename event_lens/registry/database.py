"""The registry's database: one engine per process, upgraded to this program's tables before it is used."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session

from event_lens.data_dir import keep_private, make_private_file, prepare_home
from event_lens.errors import EventLensError, Refused, Unavailable
from event_lens.registry.changes import note_changes
from event_lens.registry.tables import AuditEntry
from event_lens.registry.upgrade import unavailable, upgrade
from event_lens.settings import Settings
from event_lens.shards import count_shards

# Deleted content is overwritten: a deleted salt must not remain in free pages.
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON", "secure_delete=ON")

PROGRAM = "eventlens"
"""The author of changes that neither a key nor the shell made, such as a simulator's key."""

CONNECT_WITHIN_SECONDS = 5
ANSWER_WITHIN_SECONDS = 10


class Registry:
    """Projects, clients, salts and funnels. Safe to use from several threads; every call blocks on the database.

    `shard_count` says over how many shards new projects are spread. Every change is noted in the audit log as made by
    `changed_by`, a key or a program; `changes` lists the changes that were made through this object, if
    `are_changes_kept`.
    """

    def __init__(
        self, engine: Engine, shard_count: int = 1, changed_by: str = PROGRAM, *, are_changes_kept: bool = False
    ) -> None:
        self._engine = engine
        self.shard_count = shard_count
        self._changed_by = changed_by
        self._are_changes_kept = are_changes_kept
        self.changes: list[AuditEntry] = []

    def acting_for(self, changed_by: str) -> "Registry":
        """Return the same registry for one request or command of `changed_by`; the returned object records the changes
        made through it.
        """
        return Registry(self._engine, self.shard_count, changed_by, are_changes_kept=True)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open one transaction: committed at the end of the block, rolled back when the block raises.

        Raises `Unavailable` (`registry_unavailable`) when the database does not answer.
        """
        noted: list[AuditEntry] = []
        try:
            with Session(self._engine, expire_on_commit=False) as session, session.begin():
                event.listen(session, "before_flush", lambda *_: noted.extend(note_changes(session, self._changed_by)))
                yield session
        except OperationalError as error:
            raise unavailable(error) from error
        if self._are_changes_kept:
            self.changes += noted

    def scrub(self) -> None:
        """Remove deleted rows from SQLite's write-ahead log too, unless a reader is active; other databases do that
        themselves.
        """
        if self._engine.dialect.name == "sqlite":
            with self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self._engine.dispose()


def open_registry(settings: Settings) -> Registry:
    """Open the registry of `settings`; its tables are upgraded under a lock, so that processes may start at once.

    Raises `Unavailable` (`registry_unavailable`) when the database does not answer, `Refused` when its address or its
    user's rights are insufficient (`registry_refused`) or a newer program upgraded it (`registry_newer`).
    """
    home = prepare_home(settings.home)
    if settings.shard_homes:
        # The lock file is next to the database that all processes share.
        home = prepare_home(settings.shard_homes[0].folder)
    try:
        engine = create_engine(settings.registry_address, **_options(settings.registry_address))
    except (ArgumentError, NoSuchModuleError) as error:
        raise Refused(
            "EVENTLENS_REGISTRY_URL is not an address such as postgresql://user:password@host/database.",
            code="registry_refused",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        _make_private(engine.url.database)
    try:
        upgrade(engine, home / "registry.lock")
    except EventLensError:
        engine.dispose()
        raise
    return Registry(engine, count_shards(settings))


def _options(address: str) -> dict[str, Any]:
    """Return the engine's options. For a server: a dead connection is replaced before use, and a query without an
    answer times out.
    """
    if address.startswith("sqlite"):
        return {}
    timeouts = {"connect_timeout": CONNECT_WITHIN_SECONDS, "tcp_user_timeout": 1000 * ANSWER_WITHIN_SECONDS}
    return {"pool_pre_ping": True, "connect_args": {"application_name": "eventlens", **timeouts}}


def _make_private(database: str | None) -> None:
    """Create the file, if it is missing, and SQLite's files next to it, readable by the owner only: they hold salts and
    hashes.

    Raises `Unavailable` (`registry_unavailable`).
    """
    if not database or database == ":memory:":
        return
    path = Path(database)
    try:
        make_private_file(path)
        for beside in path.parent.glob(f"{path.name}-*"):
            # SQLite deletes a journal when its transaction ends.
            with suppress(FileNotFoundError):
                keep_private(beside, 0o600)
    except OSError as error:
        raise Unavailable(
            f"The registry cannot be opened ({error.strerror}). Check EVENTLENS_REGISTRY_URL and its disk.",
            code="registry_unavailable",
        ) from error


def _prepare_sqlite(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
