"""Logs that name their fields in a line `#Fields:`: CloudFront's (tabs) and IIS's (blanks)."""

from urllib.parse import unquote

import polars as pl

from collector.imports.log_clf import epoch_ms
from collector.imports.log_requests import conform_requests

COLUMNS = {
    "address": ("c-ip",),
    "method": ("cs-method",),
    "target": ("cs-uri-stem",),
    "query": ("cs-uri-query",),
    "host": ("x-host-header", "cs-host", "cs(host)"),
    "status": ("sc-status",),
    "size": ("sc-bytes",),
    "referrer": ("cs(referer)",),
    "user_agent": ("cs(user-agent)",),
    "forwarded": ("x-forwarded-for", "cs(x-forwarded-for)"),
}
FIELDS = r"^#Fields:\s*(.*)$"
TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S%.f")


class W3cLog:
    """The extended log format of the W3C. Lines before the first `#Fields:` are unreadable."""

    name = "w3c"

    def __init__(self) -> None:
        self._fields: list[str] = []

    def read(self, lines: pl.DataFrame) -> pl.DataFrame:
        is_note = lines["line"].str.starts_with("#")
        if not is_note.any():
            return self._read(lines)
        parts: list[pl.DataFrame] = []
        begin = 0
        for place in [*is_note.arg_true(), lines.height]:
            parts.append(self._read(lines[begin:place]))
            begin = place + 1
            if place < lines.height:
                self._note(lines["line"][place])
        return pl.concat(parts)

    def _note(self, line: str) -> None:
        if line.startswith("#Fields:"):
            self._fields = line.removeprefix("#Fields:").lower().split()

    def _read(self, lines: pl.DataFrame) -> pl.DataFrame:
        line = pl.col("line")
        values = (
            pl.when(line.str.contains("\t", literal=True)).then(line.str.split("\t")).otherwise(line.str.split(" "))
        )
        found = lines.with_columns(values.alias("values"))
        is_whole = pl.col("values").list.len() == len(self._fields)
        found = found.with_columns(pl.when(is_whole).then("values").alias("values"))
        places = {name: place for place, name in enumerate(self._fields)}

        def value(*names: str) -> pl.Expr:
            place = next((places[name] for name in names if name in places), None)
            return pl.lit(None, pl.String) if place is None else pl.col("values").list.get(place, null_on_oob=True)

        found = found.with_columns(
            pl.concat_str(value("date"), value("time"), separator=" ").alias("moment"),
            *(value(*names).alias(column) for column, names in COLUMNS.items()),
        )
        # IIS writes + for a blank within a field, CloudFront escapes it.
        agent = pl.col("user_agent")
        is_plus = ~agent.str.contains("%20", literal=True)
        found = found.with_columns(
            epoch_ms(found["moment"], TIMES).alias("at"),
            pl.when(pl.col("query").is_in(("-", "")) | pl.col("query").is_null())
            .then("target")
            .otherwise(pl.concat_str("target", "query", separator="?"))
            .alias("target"),
            pl.when(is_plus).then(agent.str.replace_all("+", " ", literal=True)).otherwise(agent).alias("user_agent"),
        )
        return conform_requests(found.with_columns(_unquoted(found["user_agent"]), _unquoted(found["referrer"])))


def _unquoted(texts: pl.Series) -> pl.Series:
    """Undo escapes twice, because CloudFront escapes texts that are escaped already."""
    known = {text: unquote(unquote(text)) for text in texts.unique().drop_nulls() if "%" in text}
    return texts.replace(known) if known else texts
