"""The request and response pairs of `sdks/conformance`: read, filled in, sent, compared."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

FOLDER = Path(__file__).resolve().parents[2] / "sdks" / "conformance"
SAME = "<same:"


def all_cases() -> list[dict[str, Any]]:
    """Every case of every file, its name preceded by the file's."""
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        for case in json.loads(path.read_text())["cases"]:
            found.append(case | {"name": f"{path.stem}: {case['name']}"})
    return found


def filled(value: Any, placeholders: Mapping[str, str]) -> Any:
    """`value` with `{name}` replaced in all its texts."""
    if isinstance(value, str):
        for name, text in placeholders.items():
            value = value.replace(f"{{{name}}}", text)
        return value
    if isinstance(value, list):
        return [filled(item, placeholders) for item in value]
    if isinstance(value, dict):
        return {key: filled(item, placeholders) for key, item in value.items()}
    return value


def send(client: httpx.Client, request: dict[str, Any]) -> httpx.Response:
    """The answer to a request as its case describes it; nothing is added to its headers."""
    body = b""
    if "json" in request:
        body = json.dumps(request["json"]).encode()
    elif "text" in request:
        body = request["text"].encode()
    elif "gzip" in request:
        body = json.dumps(request["gzip"]).encode()
    body += b" " * request.get("spaces", 0)
    if "gzip" in request:
        body = gzip.compress(body)
    return client.request(request["method"], request["path"], content=body or None, headers=request["headers"])


class Comparison:
    """Compares what a case expects with what was found; `<same:name>` is one value over the whole case."""

    def __init__(self) -> None:
        self._same: dict[str, Any] = {}

    def check(self, expected: Any, found: Any, where: str, *, is_part: bool = False) -> None:
        """Asserts that `found` is as expected; with `is_part` an object may have other keys besides."""
        if isinstance(expected, dict) and isinstance(found, dict):
            assert is_part or expected.keys() == found.keys(), f"{where}: keys {sorted(found)}"
            for key, value in expected.items():
                assert key in found, f"{where}: no {key}"
                self.check(value, found[key], f"{where}.{key}")
        elif isinstance(expected, list) and isinstance(found, list):
            assert len(found) == len(expected), f"{where}: {len(found)} instead of {len(expected)}: {found}"
            for number, (wanted, item) in enumerate(zip(expected, found, strict=True)):
                self.check(wanted, item, f"{where}[{number}]", is_part=is_part)
        elif expected == "<any>":
            assert isinstance(found, str), f"{where}: {found!r} is not text"
        elif expected == "<text>":
            assert isinstance(found, str), f"{where}: {found!r} is not text"
            assert found, f"{where}: empty"
        elif expected == "<number>":
            assert isinstance(found, int | float), f"{where}: {found!r} is not a number"
        elif isinstance(expected, str) and expected.startswith(SAME):
            assert found, f"{where}: empty"
            first = self._same.setdefault(expected, found)
            assert found == first, f"{where}: {found!r} instead of {first!r} as before"
        else:
            assert found == expected, f"{where}: {found!r} instead of {expected!r}"
            assert isinstance(found, bool) == isinstance(expected, bool), f"{where}: {found!r}"
