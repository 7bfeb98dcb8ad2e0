"""`docs/errors.md`, written from the list of codes."""

from event_lens.error_codes import GROUPS, ErrorCode, Fault

_INTRODUCTION = """# Errors

Every error has the same shape, `{"error": {"code": "...", "message": "..."}}`. The message names the cause and the
remedy and may change; the code stays the same. A value that a parameter does not take is refused with the parameter's
name, such as `by_invalid`, also when the tables here do not list that code. An error of ClickHouse itself has the code
`warehouse_` and ClickHouse's number. The fault tells whether it makes sense to send the request again:

"""
_WORDS = {Fault.CALLER: "request", Fault.PASSING: "passing", Fault.PROGRAM: "program"}


def errors_page() -> str:
    """Return the text of the page: a table for each group of codes."""
    faults = "".join(f"- **{_WORDS[fault]}**: the fault is {fault.value}.\n" for fault in Fault)
    return _INTRODUCTION + faults + "".join(_group(title, codes) for title, codes in GROUPS.items())


def _group(title: str, codes: dict[str, ErrorCode]) -> str:
    rows = "".join(
        f"| `{code}` | {about.status} | {_WORDS[about.fault]} | {about.meaning} |\n" for code, about in codes.items()
    )
    return f"\n## {title}\n\n| code | status | fault | meaning |\n| --- | --- | --- | --- |\n{rows}"
