"""A project with its keys, as the person who runs a site has them."""

import json
from typing import Any

import httpx

from event_lens.registry.clients import create_client
from event_lens.registry.database import Registry, open_registry
from event_lens.registry.projects import create_project
from tests.end_to_end.running import House

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
DAY = "2026-05-20"


def event(name: str, clock: str, device: str, path: str = "/", **payload: Any) -> dict[str, Any]:
    properties = {"__path": f"https://example.com{path}", **payload.pop("properties", {})}
    return {
        "type": "track",
        "payload": {
            "name": name,
            "deviceId": device,
            "timestamp": f"{DAY}T{clock}Z",
            "properties": properties,
            **payload,
        },
    }


class Site:
    """A project with its keys, as the person who runs it has them."""

    def __init__(self, house: House, name: str) -> None:
        self.house = house
        # The day of the sent events is longer ago than events of pages may be.
        settings = ("--timezone", "Europe/Berlin", "--accept-days", "0")
        self.project: str = house.eventlens_json("project", "create", name, *settings)["projectId"]
        self.writer = house.key(self.project, "write", "--origin", "https://example.com")
        self.reader = house.key(self.project, "read")
        self.page = {"openpanel-client-id": self.writer["openpanel-client-id"], "origin": "https://example.com"}

    def send(self, path: str, body: object, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        everything = {"content-type": "application/json", "user-agent": CHROME, **(headers or self.writer)}
        return httpx.post(f"{self.house.collector}{path}", content=content, headers=everything, timeout=30)

    def ask(self, question: str, **parameters: str) -> dict[str, Any]:
        period = {} if "range" in parameters else {"startDate": DAY, "endDate": DAY}
        answer = httpx.get(
            f"{self.house.query}/insights/{self.project}/{question}",
            params=period | parameters,
            headers=self.reader,
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


class MadeSite(Site):
    """A project with its keys, made in this process: a command takes a second."""

    def __init__(self, house: House, name: str, **settings: object) -> None:
        self.house = house
        registry = open_registry(house.settings)
        self.project = create_project(registry, name, timezone="Europe/Berlin", **settings).project_id
        self.writer = self._key(registry, "write")
        self.reader = self._key(registry, "read")
        self.page = {"openpanel-client-id": self.writer["openpanel-client-id"], "origin": "https://example.com"}
        registry.close()

    def _key(self, registry: Registry, type: str) -> dict[str, str]:
        client, secret = create_client(registry, self.project, type, origins=("https://example.com",))
        return {"openpanel-client-id": client.client_id, "openpanel-client-secret": secret}
