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
    """Create a client and return it with its secret, which is shown this once and kept as a hash only. Raises
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
    """Return the client, None if it does not exist or is revoked."""
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
    """Return a client of the project, revoked or not. Raises `Refused` (`key_unknown`), also for a client of another
    project.
    """
    with registry.session() as session:
        client = session.get(Client, client_id)
    if client is None or client.project_id != project_id:
        raise _unknown(client_id)
    return client


def rename_client(registry: Registry, client_id: str, name: str) -> Client:
    """Rename a client and return it; the name is free text. Raises `Refused` (`key_unknown`)."""
    with registry.session() as session:
        client = _get(session, client_id)
        client.name = name
        return client


def rotate_client(registry: Registry, client_id: str) -> tuple[Client, str]:
    """Give a client a new secret and return both; the old one is refused within seconds.

    Raises `Refused`: `key_unknown`, and `key_revoked` for a client that was revoked: a revocation is permanent.
    """
    secret = _new_secret()
    with registry.session() as session:
        client = _get(session, client_id)
        if client.revoked_at is not None:
            raise Refused(f"{client_id} is revoked; create another client.", code="key_revoked")
        client.secret_hash = hash_secret(secret)
    return client, secret


def revoke_client(registry: Registry, client_id: str) -> Client:
    """Revoke the client from now on. Raises `Refused` (`key_unknown`) for an unknown client."""
    with registry.session() as session:
        client = _get(session, client_id)
        client.revoked_at = client.revoked_at or datetime.now(UTC).replace(tzinfo=None)
        return client


def add_origins(registry: Registry, client_id: str, origins: Iterable[str]) -> Client:
    """Add origins to a client and return it; an origin that the client already has is not added twice. Raises
    `Refused`.

    Collectors follow within seconds.
    """
    with registry.session() as session:
        client = _get(session, client_id)
        client.origins = origin_rules([*client.origins, *origins])
        return client


def replace_origins(registry: Registry, client_id: str, origins: Iterable[str]) -> Client:
    """Replace a client's origins with these and return it. Raises `Refused`."""
    with registry.session() as session:
        client = _get(session, client_id)
        client.origins = origin_rules(origins)
        return client


def remove_origins(registry: Registry, client_id: str, origins: Iterable[str]) -> Client:
    """Remove these origins from a client and return it. Raises `Refused`, also for an origin that the client does
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
    """Return whether `secret` is the client's secret, compared in constant time."""
    return hmac.compare_digest(hash_secret(secret), client.secret_hash)
