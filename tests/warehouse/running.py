"""What runs in the warehouse at the moment, as tests of its end ask."""

import time

import httpx

SECONDS = 60
# A server lands a long INSERT block by block, so one that breaks off has landed in part, unless it is one block.
ONE_BLOCK = {
    "max_insert_block_size": 100_000_000,
    "min_insert_block_size_rows": 100_000_000,
    "min_insert_block_size_bytes": 0,
    "input_format_parallel_parsing": 0,
}


def wait_for_statement(http: httpx.Client, text: str, *, present: bool = True) -> None:
    """Block until a statement with `text` runs, or none does; fail when that takes too long."""
    # The guard asks its parser about a statement before the statement runs.
    others = "query LIKE '%processes%' OR user = 'parser'"
    sql = f"SELECT count() FROM system.processes WHERE position(query, '{text}') > 0 AND NOT ({others})"
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if (http.post("/", content=sql).text != "0\n") is present:
            return
    raise AssertionError(f"{text} should {'run' if present else 'have stopped'}")
