"""The guard's own users on the server: their passwords are generated at the start and stored nowhere."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class EngineUsers:
    """The server's HTTP port, and the password of each of the guard's users."""

    http_port: int
    passwords: Mapping[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def headers(self, user: str) -> dict[str, str]:
        """Return the headers that authenticate `user` at the server: its name and password."""
        return {"X-ClickHouse-User": user, "X-ClickHouse-Key": self.passwords[user]}
