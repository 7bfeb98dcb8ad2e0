"""The tree of a question, as the engine's own parser gives it. It is complete: the question can be written again from
it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from chdb_server.guard.failure import UNKNOWN_QUERY_PARAMETER, failure

Node = Mapping[str, Any]


def walk(tree: Node) -> Iterator[tuple[str, Node]]:
    """Yield every node with its place in its parent (`table_function`, `arguments`, `children`), parents first.

    A node's kind is in `type`; values of literals are not nodes.
    """
    waiting: list[tuple[str, Any]] = [("", tree)]
    while waiting:
        place, found = waiting.pop()
        if isinstance(found, list):
            waiting.extend((place, each) for each in reversed(found))
        elif isinstance(found, dict):
            yield place, found
            if found.get("type") != "Literal":
                waiting.extend(reversed(found.items()))


def arguments(function: Node) -> list[Node]:
    """Return the nodes of a function's arguments, in order; empty without any."""
    listed: list[Node] = function.get("arguments", {}).get("children", [])
    return listed


def full_name(identifier: Node, parameters: Mapping[str, str]) -> str:
    """Return the dotted name; parts of the name may be parameters. Raises `StatementError` for a parameter that is
    not given.
    """
    given: Iterator[Node] = iter(identifier.get("children", []))
    parts: list[str] = []
    for part in identifier.get("name_parts", [identifier["name"]]):
        if part:
            parts.append(part)
            continue
        name = next(given, {}).get("name", "")
        if name not in parameters:
            raise failure(UNKNOWN_QUERY_PARAMETER, "UNKNOWN_QUERY_PARAMETER", f"Substitution `{name}` is not set.")
        parts.append(parameters[name])
    return ".".join(parts)
