"""Who may read: a read or root key, with its secret, and only the project that it belongs to."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from event_lens.contract.headers import CLIENT_PREFIXES
from event_lens.errors import Refused
from event_lens.registry.clients import find_client, is_secret_of
from event_lens.registry.database import Registry
from event_lens.registry.projects import find_project
from query.errors import FORBIDDEN, UNAUTHORIZED
from query.report_context import Subject

READERS = ("read", "root")


def read_subject(registry: Registry, project_id: str, headers: Mapping[str, str]) -> Subject:
    """The project, when the key in `headers` (names in lower case) may read it. Blocks on the registry.

    Raises `Refused`: `client_unauthorized` without a right key and secret, `project_forbidden` when the key may not
    read this project or there is none; the two are not told apart.
    """
    subject = read_own_subject(registry, headers)
    if subject.project_id != project_id:
        raise _forbidden()
    return subject


def read_own_subject(registry: Registry, headers: Mapping[str, str]) -> Subject:
    """The project that the key in `headers` reads. Blocks and raises as `read_subject`."""
    client_id, secret = _first(headers, "id"), _first(headers, "secret")
    if not client_id or not secret:
        raise Refused("A read key is needed: send openpanel-client-id and openpanel-client-secret.", code=UNAUTHORIZED)
    client = find_client(registry, client_id)
    if client is None or not is_secret_of(client, secret):
        raise Refused("There is no client with this id and secret.", code=UNAUTHORIZED)
    if client.type not in READERS:
        raise _forbidden()
    project = find_project(registry, client.project_id)
    return Subject(project.project_id, ZoneInfo(project.timezone), project.currency)


def _forbidden() -> Refused:
    return Refused("This key does not read this project; it takes a read key of the project.", code=FORBIDDEN)


def _first(headers: Mapping[str, str], part: str) -> str:
    return next((value for prefix in CLIENT_PREFIXES if (value := headers.get(f"{prefix}-{part}", ""))), "")
