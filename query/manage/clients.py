"""Clients: the keys of the project."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from event_lens.errors import Refused
from event_lens.registry import clients
from event_lens.registry.database import Registry
from event_lens.registry.tables import Client
from query.manage.action import CREATED, Action, Asker, instant
from query.parameters import NoParameters
from query.shapes import DateTime, Shape

Origins = Annotated[list[str], msgspec.Meta(description="Such as https://example.com, *.example.com or *.")]


class ClientAnswer(Shape, kw_only=True):
    """A key without its secret, which is kept as a hash and never shown again."""

    client_id: str
    type: str
    name: str
    origins: list[str]
    created_at: DateTime
    revoked_at: DateTime | None


class ClientWithSecret(ClientAnswer, kw_only=True):
    """A key with its new secret, which is shown only this once."""

    client_secret: str


class WrittenClient(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A new key: `write` collects, `read` queries, `root` collects, queries and manages."""

    type: Literal["write", "read", "root"]
    name: str = ""
    origins: Origins = []


class ChangedClient(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The fields of a key that change. If origins are given, they replace all earlier origins."""

    name: str | UnsetType = UNSET
    origins: Origins | UnsetType = UNSET


def _shown(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "type": client.type,
        "name": client.name,
        "origins": client.origins,
        "created_at": instant(client.created_at),
        "revoked_at": instant(client.revoked_at) if client.revoked_at else None,
    }


def _list(registry: Registry, asker: Asker, _: str, __: NoParameters) -> list[dict[str, Any]]:
    return [_shown(client) for client in clients.list_clients(registry, asker.project_id)]


def _show(registry: Registry, asker: Asker, client_id: str, _: NoParameters) -> dict[str, Any]:
    return _shown(clients.find_client_of(registry, asker.project_id, client_id))


def _create(registry: Registry, asker: Asker, _: str, written: WrittenClient) -> dict[str, Any]:
    client, secret = clients.create_client(
        registry, asker.project_id, written.type, name=written.name, origins=tuple(written.origins)
    )
    return _shown(client) | {"client_secret": secret}


def _change(registry: Registry, asker: Asker, client_id: str, written: ChangedClient) -> dict[str, Any]:
    client = clients.find_client_of(registry, asker.project_id, client_id)
    if written.origins is not UNSET:
        client = clients.replace_origins(registry, client_id, written.origins)
    if written.name is not UNSET:
        client = clients.rename_client(registry, client_id, written.name)
    return _shown(client)


def _rotate(registry: Registry, asker: Asker, client_id: str, _: NoParameters) -> dict[str, Any]:
    clients.find_client_of(registry, asker.project_id, client_id)
    client, secret = clients.rotate_client(registry, client_id)
    return _shown(client) | {"client_secret": secret}


def _revoke(registry: Registry, asker: Asker, client_id: str, _: NoParameters) -> dict[str, Any]:
    clients.find_client_of(registry, asker.project_id, client_id)
    if client_id == asker.client_id:
        raise Refused("A key does not revoke itself; use another root key.", code="key_in_use")
    return _shown(clients.revoke_client(registry, client_id))


CLIENTS = (
    Action("list_clients", "GET", "/clients", "The project's keys, revoked ones too.", _list, list[ClientAnswer]),
    Action(
        "create_client",
        "POST",
        "/clients",
        "Create a key; its secret is shown this once.",
        _create,
        ClientWithSecret,
        WrittenClient,
        CREATED,
    ),
    Action("show_client", "GET", "/clients/{client}", "A key.", _show, ClientAnswer),
    Action(
        "change_client",
        "PATCH",
        "/clients/{client}",
        "Change a key's name or origins; collectors follow within seconds.",
        _change,
        ClientAnswer,
        ChangedClient,
    ),
    Action(
        "rotate_client",
        "POST",
        "/clients/{client}/rotate",
        "Give a key a new secret; the old one is refused within seconds.",
        _rotate,
        ClientWithSecret,
    ),
    Action(
        "revoke_client",
        "DELETE",
        "/clients/{client}",
        "Revoke a key for good; it is refused within seconds.",
        _revoke,
        ClientAnswer,
    ),
)
