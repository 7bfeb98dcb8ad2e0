"""What questions need: rows of statements."""

from collections.abc import Mapping
from typing import Any, Protocol


class Readable(Protocol):
    """What questions need of a warehouse, or of something that has its tables."""

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None, settings: Mapping[str, object] | None = None
    ) -> list[dict[str, Any]]: ...

    def value(self, sql: str) -> Any: ...
