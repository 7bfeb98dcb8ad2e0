"""The interface that questions read from: statements that return rows."""

from collections.abc import Mapping
from typing import Any, Protocol


class Readable(Protocol):
    """A warehouse, or any other object with its tables, that answers statements."""

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None, settings: Mapping[str, object] | None = None
    ) -> list[dict[str, Any]]: ...

    def value(self, sql: str) -> Any: ...
