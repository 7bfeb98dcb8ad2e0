"""A project of a test's own on a running collector, and what of it is in the warehouse."""

from typing import Any

from event_lens.registry.clients import create_client
from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project
from event_lens.warehouse.client import Warehouse
from tests.unit.collector.conftest import CollectorProcess

HOST = "shop.example.com"


class Site:
    """A project with a client that writes from pages of `HOST` or with its secret, and one that reads."""

    def __init__(self, collector: CollectorProcess, warehouse: Warehouse, **settings: object) -> None:
        self.collector = collector
        self._warehouse = warehouse
        registry = open_registry(collector.settings)
        self.project_id = create_project(registry, "sdk", **settings).project_id
        writer, self.secret = create_client(registry, self.project_id, "write", origins=(HOST,))
        reader, self.reader_secret = create_client(registry, self.project_id, "read")
        registry.close()
        self.client_id = writer.client_id
        self.reader_id = reader.client_id

    @property
    def url(self) -> str:
        return self.collector.url

    @property
    def with_secret(self) -> dict[str, str]:
        """The options of a JavaScript client on a server."""
        return {"apiUrl": self.url, "clientId": self.client_id, "clientSecret": self.secret}

    def events(self) -> list[dict[str, Any]]:
        """The rows of this project's events, as they happened."""
        return self._rows("lens_raw.events", "created_at, batch_row")

    def operations(self) -> list[dict[str, Any]]:
        """The rows of this project's operations, as they were taken."""
        return self._rows("lens_raw.profile_operations", "received_at, batch_row")

    def quarantine(self) -> list[dict[str, Any]]:
        return self._rows("lens_raw.quarantine", "received_at, code")

    def _rows(self, table: str, order: str) -> list[dict[str, Any]]:
        self.collector.wait_until_landed()
        return self._warehouse.rows(
            f"SELECT * FROM {table} WHERE project_id = {{project:String}} ORDER BY {order}",
            {"project": self.project_id},
        )
