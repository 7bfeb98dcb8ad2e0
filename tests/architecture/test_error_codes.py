"""Every code of an error is listed once, with whose fault it is, and no listed code is left without a use."""

import ast
from collections.abc import Iterator
from pathlib import Path

from event_lens.error_codes import CODES, GROUPS, Fault
from event_lens.errors import EventLensError, status_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("chdb_server", "cli", "collector", "event_lens", "orchestration", "query")
FAULT_OF = {
    "Refused": Fault.CALLER,
    "Rejection": Fault.CALLER,
    "LeftOut": Fault.CALLER,
    "Unavailable": Fault.PASSING,
    "Broken": Fault.PROGRAM,
}


def _trees() -> Iterator[ast.Module]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.name != "error_codes.py":
                yield ast.parse(path.read_text())


def _raised() -> Iterator[tuple[str, str]]:
    """The name that is called and the code that it is given, wherever the code is written out."""
    for tree in _trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            for keyword in node.keywords:
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                    yield name, str(keyword.value.value)
            if (
                name in ("invalid", "unknown")
                and node.args
                and isinstance(word := getattr(node.args[0], "value", None), str)
            ):
                yield "Refused", f"{word}_{name}"


def test_every_raised_code_is_listed_with_the_fault_of_its_error() -> None:
    wrong = {(name, code) for name, code in _raised() if name in FAULT_OF and _fault(code) != FAULT_OF[name]}
    assert wrong == set()


def test_every_listed_code_is_used_in_the_program() -> None:
    texts = {
        node.value
        for tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    # Definitions make the code from the name of their kind.
    kinds = {f"{kind}_{end}" for kind in ("cohort", "funnel", "goal", "retention") for end in ("invalid", "unknown")}
    kinds |= {f"{noun}_unknown" for noun in ("group", "profile", "session")}
    used = texts | kinds | {code for _, code in _raised()}
    assert {code for code in CODES if code not in used} == set()


def test_a_code_is_in_one_group_only() -> None:
    assert len(CODES) == sum(len(codes) for codes in GROUPS.values())


def test_a_code_of_the_warehouse_has_the_status_of_its_error() -> None:
    assert status_of(EventLensError("", code="warehouse_241")) == 500


def _fault(code: str) -> Fault | None:
    return CODES[code].fault if code in CODES else None
