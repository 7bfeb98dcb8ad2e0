"""Logs of Amazon's load balancers: application load balancers, and the older classic ones."""

import polars as pl

from collector.imports.log_clf import QUOTED, epoch_ms, with_request_line
from collector.imports.log_requests import conform_requests

LINE = (
    r"^(?:\w+ )?(\d{4}-\d\d-\d\dT[\d:.]+Z) \S+ (\S+) \S+ \S+ \S+ \S+ (\d{3}|-) \S+ \S+ (\d+|-)"
    rf" {QUOTED} {QUOTED}"
)
NAMES = ["time", "address", "status", "size", "request", "user_agent"]
TIMES = ("%Y-%m-%dT%H:%M:%S%.fZ",)
URL = r"^(?:(https?)://)([^/:]+)(?::\d+)?(/.*)?$"


class LoadBalancerLog:
    """Each line has the whole URL, but no referrer."""

    name = "alb"

    def read(self, lines: pl.DataFrame) -> pl.DataFrame:
        found = lines.with_columns(
            pl.col("line").str.extract_groups(LINE).struct.rename_fields(NAMES).alias("of")
        ).unnest("of")
        found = with_request_line(found)
        url = pl.col("target").str.extract_groups(URL)
        port = pl.when(url.struct.field("1") == "http").then(pl.lit(":80")).otherwise(pl.lit(""))
        return conform_requests(
            found.with_columns(
                epoch_ms(found["time"], TIMES).alias("at"),
                (url.struct.field("2") + port).alias("host"),
                pl.coalesce(url.struct.field("3"), "target").alias("target"),
            )
        )
