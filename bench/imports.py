"""How fast history is imported: lines of a log, in the combined format and in JSON, and rows of Parquet per second.

The embedded warehouse runs at the same time and shares the machine's cores. The result is also given as a ratio to
plain work done just before (hashing the log line by line), which tells a slow import from a busy machine.
"""

import tempfile
import time
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from bench.site import Site
from cli.console import console, show_table
from cli.import_run import import_files
from collector.imports.sources import SOURCES, Options

LINES = 300_000
ROWS = 300_000
VISITORS = 20_000
PAGES = 2_000
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1{}.0.0.0 Safari/537.36"
)
ASSETS = ("/app.css", "/app.js", "/logo.png", "/hero.webp")
MAPPING = '[columns]\nat = "t"\nname = "event"\ndevice_id = "visitor"\npath = "url"\nproperties = "props"\n'


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="eventlens-bench-") as name:
        folder = Path(name)
        site = Site(folder)
        log, table, mapping = folder / "access.log", folder / "events.parquet", folder / "mapping.toml"
        json_log = folder / "access.json"
        log.write_text("\n".join(map(_line, range(LINES))))
        json_log.write_bytes(b"\n".join(map(_json_line, range(LINES))))
        _table().write_parquet(table)
        mapping.write_text(MAPPING)
        rows = []
        with site.warehouse():
            for what, source, file, count, options in (
                ("access-log", "access-log", log, LINES, Options()),
                ("access-log in JSON", "access-log", json_log, LINES, Options()),
                ("table", "table", table, ROWS, Options(mapping=mapping)),
            ):
                plain = _seconds_of_hashing(log)
                began, began_here = time.perf_counter(), time.process_time()
                import_files(site.settings, SOURCES[source], [file], site.project_id, options, is_dry=False)
                seconds, here = time.perf_counter() - began, time.process_time() - began_here
                rates = f"{count / seconds:,.0f}", f"{here / count * 1e6:.1f}", f"{seconds / plain:.1f}"
                rows.append([what, f"{count:,}", *rates])
        columns = ["source", "lines or rows", "a second", "µs of this process each", "times hashing the log"]
        show_table("Imports", columns, rows)
        console.print("Hashing is of the same lines, by Python, just before.")


class Request(NamedTuple):
    """A request that both logs have."""

    at: datetime
    address: str
    path: str
    size: int
    referrer: str
    agent: str


def _request(number: int) -> Request:
    visitor = number * 7919 % VISITORS
    return Request(
        at=datetime(2026, 8, 1, tzinfo=UTC) + timedelta(seconds=number // 10),
        address=f"198.51.{visitor // 250}.{visitor % 250}",
        path=ASSETS[number % 4] if number % 5 < 3 else f"/products/{number * 31 % PAGES}?utm_source=news",
        size=number % 9000,
        referrer="https://www.google.com/" if number % 3 else "-",
        agent=AGENT.format(visitor % 40),
    )


def _line(number: int) -> str:
    """Return a line in the combined format."""
    at, address, path, size, referrer, agent = _request(number)
    return f'{address} - - [{at:%d/%b/%Y:%H:%M:%S %z}] "GET {path} HTTP/1.1" 200 {size} "{referrer}" "{agent}"'


def _json_line(number: int) -> bytes:
    """Return the line that Caddy writes for the same request."""
    at, address, path, size, referrer, agent = _request(number)
    headers = {"User-Agent": [agent], "Accept": ["*/*"]} | ({"Referer": [referrer]} if referrer != "-" else {})
    request: dict[str, Any] = {
        "remote_ip": address,
        "remote_port": "51234",
        "client_ip": address,
        "proto": "HTTP/2.0",
        "method": "GET",
    }
    request |= {"host": "shop.example", "uri": path, "headers": headers, "tls": {"resumed": False, "version": 772}}
    line: dict[str, Any] = {
        "level": "info",
        "ts": at.timestamp(),
        "logger": "http.log.access",
        "msg": "handled request",
    }
    line |= {"request": request, "bytes_read": 0, "user_id": "", "duration": 0.01, "size": size, "status": 200}
    return msgspec.json.encode(line | {"resp_headers": {"Server": ["Caddy"], "Content-Type": ["text/html"]}})


def _table() -> pl.DataFrame:
    numbers = pl.int_range(ROWS, eager=True).alias("n").to_frame()
    return numbers.select(
        (pl.lit(1_785_000_000_000) + pl.col("n") * 1000).cast(pl.Datetime("ms", "UTC")).alias("t"),
        pl.when(pl.col("n") % 4 == 0).then(pl.lit("signup")).otherwise(pl.lit("screen_view")).alias("event"),
        (pl.lit("v") + (pl.col("n") % VISITORS).cast(pl.String)).alias("visitor"),
        (pl.lit("https://shop.example/products/") + (pl.col("n") % PAGES).cast(pl.String)).alias("url"),
        (pl.lit('{"plan":"pro","step":') + (pl.col("n") % 50).cast(pl.String) + pl.lit("}")).alias("props"),
    )


def _seconds_of_hashing(log: Path) -> float:
    began = time.perf_counter()
    for line in log.read_bytes().split(b"\n"):
        blake2b(line, digest_size=16).hexdigest()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
