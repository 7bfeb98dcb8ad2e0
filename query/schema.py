"""The types of what is asked and answered, as msgspec sees them, and their JSON schema."""

from typing import Any, cast

import msgspec

Described = dict[str, Any]


def schema_of(kind: Any) -> Described:
    """The JSON schema of a type, with its components written out, for it stands in the middle of another document."""
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
    """A type without the description that its declaration gives it."""
    return kind.type if isinstance(kind, msgspec.inspect.Metadata) else kind
