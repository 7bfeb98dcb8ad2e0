"""What a request says before its question is asked: whose key it is; and how parameters are described in OpenAPI."""

from dataclasses import dataclass
from typing import Any, cast

import msgspec
from litestar import Request
from litestar.openapi.spec import OpenAPIMediaType, Operation, Parameter, RequestBody, Schema

from query.auth import read_subject
from query.report_context import Subject
from query.service import Service

Described = dict[str, Any]


def provide_subject(request: Request[Any, Any, Any], service: Service, project_id: str) -> Subject:
    """The project that the request's key may read."""
    return read_subject(service.registry, project_id, request.headers)


def operation(kind: type[msgspec.Struct], *, has_body: bool, in_address: tuple[str, ...] = ()) -> type[Operation]:
    """An OpenAPI operation that takes the fields of `kind`: in the address and the query string, or as a JSON body."""
    schema = _without_references(*msgspec.json.schema_components((kind,)))

    @dataclass
    class Declared(Operation):
        def __post_init__(self) -> None:
            if has_body:
                content = {"application/json": OpenAPIMediaType(schema=cast(Schema, schema))}
                self.request_body = RequestBody(content=content, required=True)
                return
            own = [
                Parameter(
                    name=name,
                    param_in="path" if name in in_address else "query",
                    required=name in in_address,
                    schema=cast(Schema, described),
                )
                for name, described in schema.get("properties", {}).items()
            ]
            self.parameters = [*(self.parameters or []), *own]

    return Declared


def _without_references(schemas: tuple[Described, ...], components: Described) -> Described:
    """The schema with its components written out, for it stands in the middle of another document."""

    def written_out(value: Any) -> Any:
        if isinstance(value, list):
            return [written_out(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            return written_out(components[value["$ref"].rsplit("/", 1)[-1]])
        return {name: written_out(inner) for name, inner in value.items()}

    return cast(Described, written_out(schemas[0]))
