"""The OpenAPI description of a question: its parameters or body, the type of its answer, and an executed example."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

import msgspec
from litestar.openapi.spec import Example, OpenAPIMediaType, OpenAPIResponse, Operation, Parameter, RequestBody, Schema

from query.report import AnyReport
from query.schema import schema_of

JSON = "application/json"


class Told(msgspec.Struct):
    """The error itself: a stable code, and a sentence that says how to correct it."""

    code: str
    message: str


class Failure(msgspec.Struct):
    """The body of every error."""

    error: Told


FAILURES = {
    "400": "What was asked cannot be meant.",
    "401": "No right key and secret.",
    "403": "The key does not read this project.",
    "429": "The project asks too much at a time; `Retry-After` says when to ask again.",
    "503": "The warehouse does not answer now; `Retry-After` says when to ask again.",
}


@cache
def examples() -> dict[str, msgspec.Raw]:
    """Return an executed example of every report, as JSON by name; `python -m docs.generate.examples` writes them.

    The examples stay JSON texts, because the framework would leave out null values.
    """
    text = files("query").joinpath("examples.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, msgspec.Raw])


def operation(
    kind: type[msgspec.Struct],
    *,
    has_body: bool,
    in_address: tuple[str, ...] = (),
    responses: dict[str, OpenAPIResponse] | None = None,
) -> type[Operation]:
    """Return the operation that takes the fields of `kind`, either in the address and the query string or as a JSON
    body.
    """
    schema = schema_of(kind)

    @dataclass
    class Declared(Operation):
        def __post_init__(self) -> None:
            self.responses = {**(self.responses or {}), **failures(), **(responses or {})}
            if has_body:
                content = {JSON: OpenAPIMediaType(schema=cast(Schema, schema))}
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


def operation_of(report: AnyReport) -> type[Operation]:
    """Return the operation of a report: its parameters, the type of its answer, and an executed example."""
    answered = OpenAPIMediaType(
        schema=cast(Schema, schema_of(report.answer_type)),
        examples={"executed": Example(value=examples()[report.name])} if report.name in examples() else None,
    )
    return operation(
        report.parameters,
        has_body=report.has_body,
        in_address=report.in_address,
        responses={"200": OpenAPIResponse(description=report.summary, content={JSON: answered})},
    )


def failures() -> dict[str, OpenAPIResponse]:
    """Return the descriptions of the error answers, by status; all have one shape."""
    schema = cast(Schema, schema_of(Failure))
    return {
        status: OpenAPIResponse(description=description, content={JSON: OpenAPIMediaType(schema=schema)})
        for status, description in FAILURES.items()
    }
