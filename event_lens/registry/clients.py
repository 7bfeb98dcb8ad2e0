"""Clients: the keys with which a site writes and a reader reads."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.origin import origin_rules
from event_lens.registry.projects import find_project
from event_lens.registry.tables import Client

TYPES = ("write", "read", "root")


def create_client(
    registry: Registry, project_id: str, type: str, *, name: str = "", origins: tuple[str, ...] = ()
) -> tuple[Client, str]:
    """Creates a client and returns it with its secret, which is shown this once and kept as a hash only. Raises
    `Refused` (`client_type_invalid`).
    """
    if type not in TYPES:
        raise Refused(f"A client's type is one of {', '.join(TYPES)}, not {type!r}.", code="client_type_invalid")
    find_project(registry, project_id)
    secret = _new_secret()
    client = Client(
        client_id=f"{type}_{secrets.token_hex(12)}",
        project_id=project_id,
        type=type,
        name=name,
        origins=origin_rules(origins),
        secret_hash=hash_secret(secret),
        created_at=datetime.now(UTC).replace(tzinfo=None),
    )
    with registry.session() as session:
        session.add(client)
    return client, secret


def find_client(registry: Registry, client_id: str) -> Client | None:
    """Returns the client, None if it does not exist or is revoked."""
    with registry.session() as session:
        client = session.get(Client, client_id)
    return client if client is not None and client.revoked_at is None else None


def list_clients(registry: Registry, project_id: str | None = None) -> list[Client]:
    chosen = select(Client).order_by(Client.created_at, Client.client_id)
    if project_id is not None:
        chosen = chosen.where(Client.project_id == project_id)
    with registry.session() as session:
        return list(session.scalars(chosen))


def find_client_of(registry: Registry, project_id: str, client_id: str) -> Client:
    """Returns a client of the project, revoked or not. Raises `Refused` (`key_unknown`), for those of other projects
    too.
    """
    with registry.session() as session:
        client = session.get(Client, client_id)
    if client is None or client.project_id != project_id:
        raise _unknown(client_id)
    return client


def rename_client(registry: Registry, client_id: str, name: str) -> Client:
    """Renames a client and returns it; the name is free text. Raises `Refused` (`key_unknown`)."""
    with registry.session() as session:
        client = _get(session, client_id)
        client.name = name
        return client


def rotate_client(registry: Registry, client_id: str) -> tuple[Client, str]:
    """Gives a client a new secret and returns both; the old one is refused within seconds.

    Raises `Refused`: `key_unknown`, and `key_revoked` for a client that was revoked, which stays so.
    """
    secret = _new_secret()
    with registry.session() as session:
        client = _get(session, client_id)
        if client.revoked_at is not None:
            raise Refused(f"{client_id} is revoked; create another client.", code="key_revoked")
        client.secret_hash = hash_secret(secret)
    return client, secret


def revoke_client(registry: Registry, client_id: str) -> Client:
    """Revokes the client from now on. Raises `Refused` (`key_unknown`) when there is none."""
    with registry.session() as session:
        client = _get(session, client_id)
        client.revoked_at = client.revoked_at or datetime.now(UTC).replace(tzinfo=None)
        return client


def add_origins(registry: Registry, client_id: str, origins: Iterable[str]) -> Client:
    """Adds origins to a client and returns it; an origin that is there already stays once. Raises `Refused`.

    Collectors follow within seconds.
    """
    with registry.session() as session:
        client = _get(session, client_id)
        client.origins = origin_rules([*client.origins, *origins])
        return client


def replace_origins(registry: Registry, client_id: str, origins: Iterable[str]) -> Client:
    """Replaces a client's origins with these and returns it. Raises `Refused`."""
    with registry.session() as session:
        client = _get(session, client_id)
        client.origins = origin_rules(origins)
        return client


def remove_origins(registry: Registry, client_id: str, origins: Iterable[str]) -> Client:
    """Removes these origins from a client and returns it. Raises `Refused`, also for an origin that the client does
    not have.
    """
    with registry.session() as session:
        client = _get(session, client_id)
        left = origin_rules(client.origins)
        for origin in origin_rules(origins):
            if origin not in left:
                raise Refused(
                    f"{origin} is not an origin of {client_id}, which has: {', '.join(client.origins) or 'none'}.",
                    code="origin_invalid",
                )
            left.remove(origin)
        client.origins = left
        return client


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _get(session: Session, client_id: str) -> Client:
    client = session.get(Client, client_id)
    if client is None:
        raise _unknown(client_id)
    return client


def _unknown(client_id: str) -> Refused:
    return Refused(f"There is no client {client_id[:80]!r}.", code="key_unknown")


def _new_secret() -> str:
    return f"sec_{secrets.token_urlsafe(32)}"


def is_secret_of(client: Client, secret: str) -> bool:
    """Returns whether `secret` is the client's, compared in constant time."""
    return hmac.compare_digest(hash_secret(secret), client.secret_hash)
