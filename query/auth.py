"""Decides who may read: the holder of a read or root key and its secret. A key reads only its own project."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from event_lens.contract.headers import CLIENT_PREFIXES
from event_lens.errors import Refused
from event_lens.registry.clients import find_client, is_secret_of
from event_lens.registry.database import Registry
from event_lens.registry.projects import find_project
from event_lens.registry.quotas import quota_of
from event_lens.registry.tables import Project
from event_lens.warehouse.built_settings import settings_of
from query.errors import FORBIDDEN, UNAUTHORIZED
from query.report_context import ProjectScope

READERS = ("read", "root")


@dataclass(frozen=True, slots=True)
class Reader:
    """The project that a key reads, the origins whose pages may read the answers, and whether it is a root key."""

    subject: ProjectScope
    origins: tuple[str, ...]
    is_root: bool


def sent_key(headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the client id and secret in `headers` (names in lower case). Raises `Refused` (`client_unauthorized`)
    when either is missing.
    """
    client_id, secret = _first(headers, "id"), _first(headers, "secret")
    if not client_id or not secret:
        raise Refused("A read key is needed: send openpanel-client-id and openpanel-client-secret.", code=UNAUTHORIZED)
    return client_id, secret


def find_reader(registry: Registry, client_id: str, secret: str) -> Reader:
    """Return the project, origins and rights of a key. Blocks on the registry.

    Raises `Refused`: `client_unauthorized` when the key or its secret is wrong, `project_forbidden` when the key may
    not read.
    """
    client = find_client(registry, client_id)
    if client is None or not is_secret_of(client, secret):
        raise Refused("There is no client with this id and secret.", code=UNAUTHORIZED)
    if client.type not in READERS:
        raise forbidden()
    return Reader(find_subject(registry, client.project_id), tuple(client.origins), client.type == "root")


def find_subject(registry: Registry, project_id: str) -> ProjectScope:
    """Return the zone, currency, shard and quotas of a project, which questions need. Blocks, and raises as
    `find_project` does.
    """
    return subject_of(find_project(registry, project_id))


def subject_of(project: Project) -> ProjectScope:
    """Return a project as questions see it, with its settings of now."""
    return ProjectScope(
        project.project_id,
        ZoneInfo(project.timezone),
        project.currency,
        project.shard,
        questions_at_once=quota_of(project.quotas, "questions_at_once"),
        export_rows=quota_of(project.quotas, "export_rows"),
        follows=tuple(settings_of(project).items()),
    )


def has_key(headers: Mapping[str, str]) -> bool:
    """Return whether `headers` hold a client id, valid or not."""
    return bool(_first(headers, "id"))


def forbidden() -> Refused:
    """Return the refusal (`project_forbidden`) for a project that belongs to another key, or that does not exist: the
    caller cannot tell the two apart.
    """
    return Refused("This key does not read this project; it takes a read key of the project.", code=FORBIDDEN)


def _first(headers: Mapping[str, str], part: str) -> str:
    return next((value for prefix in CLIENT_PREFIXES if (value := headers.get(f"{prefix}-{part}", ""))), "")
