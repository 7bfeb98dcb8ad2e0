"""Brings the registry's tables up to this program's, one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from event_lens.errors import Refused, Unavailable
from event_lens.file_lock import waited_lock

MIGRATIONS = Path(__file__).parent / "migrations"
# Chosen by us: PostgreSQL's advisory locks are numbers that all programs of a database share.
LOCK = 0x6576656E746C656E


def upgrade(engine: Engine, lock_file: Path) -> None:
    """Apply the missing migrations; other processes wait meanwhile, by `lock_file` for SQLite.

    Raises `Unavailable` (`registry_unavailable`), `Refused` (`registry_newer`, `registry_refused`).
    """
    newest = newest_revision()
    try:
        with engine.connect() as connection:
            if _revision(connection) == newest:
                return
        with _locked(engine, lock_file) as connection:
            if (_revision(connection) or "") > newest:
                raise Refused(
                    "The registry was upgraded by a newer Event Lens. Upgrade this one too.", code="registry_newer"
                )
            _upgrade(connection, "head")
    except OperationalError as error:
        raise unavailable(error) from error
    except ProgrammingError as error:
        raise Refused(
            f"The registry's tables cannot be upgraded ({_reason(error)}). Give its user the right to make tables.",
            code="registry_refused",
        ) from error


def upgrade_to(engine: Engine, revision: str) -> None:
    """Make the tables of an earlier `revision` in an empty database that no other process uses."""
    with engine.begin() as connection:
        _upgrade(connection, revision)


def newest_revision() -> str:
    """Return the revision of this program's tables: migrations are numbered in their order."""
    return max(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("*.py"))


def unavailable(error: OperationalError) -> Unavailable:
    return Unavailable(
        f"The registry does not answer ({_reason(error)}). Check EVENTLENS_REGISTRY_URL, its server and its disk.",
        code="registry_unavailable",
    )


def _upgrade(connection: Connection, revision: str) -> None:
    # Nearly every process finds the tables up to date, and importing Alembic takes as long as all other imports here.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@contextmanager
def _locked(engine: Engine, lock_file: Path) -> Iterator[Connection]:
    """Open one transaction that only one of our processes holds at a time."""
    if engine.dialect.name == "sqlite":
        with waited_lock(lock_file), engine.begin() as connection:
            yield connection
    else:
        with engine.begin() as connection:
            # The server releases the lock with the transaction, also when the process is killed.
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            yield connection


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def _reason(error: DBAPIError) -> str:
    """Return the first line of the database's message; further lines quote the statement."""
    return str(error.orig).strip().partition("\n")[0]
