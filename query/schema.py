"""The types of parameters and answers, as msgspec sees them, and their JSON schema."""

from typing import Any, cast

import msgspec

Described = dict[str, Any]


def schema_of(kind: Any) -> Described:
    """Return the JSON schema of a type with its components inlined, because it becomes part of another document."""
    (schema,), components = msgspec.json.schema_components((kind,))

    def written_out(value: Any) -> Any:
        if isinstance(value, list):
            return [written_out(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            return written_out(components[value["$ref"].rsplit("/", 1)[-1]])
        return {name: written_out(inner) for name, inner in value.items()}

    return cast(Described, written_out(schema))


def bare(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    """Return a type without the description in its declaration."""
    return kind.type if isinstance(kind, msgspec.inspect.Metadata) else kind
