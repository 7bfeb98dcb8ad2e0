"""The demo's client of the query API."""

import json
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode


@dataclass(frozen=True)
class Answers:
    """Questions to one service about one project and a range of days, with a key (id and secret)."""

    url: str
    project_id: str
    key: tuple[str, str]
    days: int

    def ask(self, question: str, **parameters: object) -> tuple[Any, dict[str, Any]]:
        """Return the data and meta of `GET /insights/{project}/{question}` over the demo's days."""
        text = urlencode({"range": f"{self.days}d", **parameters})
        answer = self.get(f"/insights/{self.project_id}/{question}?{text}")
        return answer["data"], answer["meta"]

    def ask_funnel(self, steps: tuple[str, ...]) -> list[dict[str, Any]]:
        """Return the steps of `POST /insights/{project}/funnel`, counted over the demo's days."""
        body = {"steps": [{"name": name} for name in steps], "range": f"{self.days}d"}
        answer = self._send(f"/insights/{self.project_id}/funnel", json.dumps(body).encode())
        steps_answered: list[dict[str, Any]] = answer["data"]["steps"]
        return steps_answered

    def get(self, path: str) -> Any:
        return self._send(path, None)

    def _send(self, path: str, body: bytes | None) -> Any:
        client_id, secret = self.key
        headers = {"Content-Type": "application/json"}
        if client_id:
            headers |= {"openpanel-client-id": client_id, "openpanel-client-secret": secret}
        request = urllib.request.Request(self.url + path, data=body, headers=headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            return json.load(response)
