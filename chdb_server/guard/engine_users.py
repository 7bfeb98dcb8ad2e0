"""The server's users that only the guard can be: their passwords are made at the start and written nowhere."""

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
        """How the server knows `user`."""
        return {"X-ClickHouse-User": user, "X-ClickHouse-Key": self.passwords[user]}
