"""Lines in the common log format and its variants: combined, with the host first, with more fields at the end."""

import re

import polars as pl

from collector.imports.log_requests import conform_requests

QUOTED = r'"((?:[^"\\]|\\.)*)"'
HEAD = rf'^\s*([^"]*?)\s*\[([^\[\]]+)\]\s+{QUOTED}\s+(\d{{3}})\s+(\d+|-)(|\s.*)$'
# Fields without quotes may stand before the referrer, and anything after the agent.
TAIL = rf'^(?:\s+[^"\s]+)*\s+{QUOTED}\s+{QUOTED}(|\s.*)$'
# Some servers do not escape quotes within the agent.
LOOSE_TAIL = r'^\s+"(.*?)"\s+"(.*)"\s*$'
WORDS = r"^(\S+)(?:\s+(\S+))?(?:\s+(\S+))?"
IP = r"(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9A-Fa-f]{1,4}:){3,7}[0-9A-Fa-f]{1,4}|[0-9A-Fa-f:]*::[0-9A-Fa-f:.]*)(?:%\w+)?"
ADDRESS = rf"^{IP}$"
ADDRESS_FIRST = rf"^(?:{IP}(?::\d+)?|\[{IP}\](?::\d+)?),?$"
NAME = r"[A-Za-z0-9][\w-]*(?:\.[\w-]+)+"
# For lines wrapped by other programs (syslog, containers): the address anywhere, and a host directly before it.
WITHIN = rf"(?:^|\s)(?:({NAME}(?::\d+)?|[A-Za-z0-9][\w.-]*:\d+)\s+)?({IP})(?:,|\s|$)"
CHAIN = rf"^{IP}(?:\s*,\s*{IP})+"
FORWARDED = r'"\s*([0-9A-Fa-f.:]+(?:\s*,\s*[0-9A-Fa-f.:]+)*)\s*"'
TIMES = ("%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y:%H:%M:%S%.f %z", "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %z")
ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "b": "\b"}


class CommonLog:
    """The formats of Apache and nginx, and of all servers that imitate them."""

    name = "combined"

    def read(self, lines: pl.DataFrame) -> pl.DataFrame:
        plain = _cut_at_quotes(lines)
        others = lines.join(plain.select("number"), on="number", how="anti") if plain.height < lines.height else None
        found = plain if others is None else pl.concat([plain, _read_with_care(others)], how="diagonal")
        found = _with_sender(found.sort("number"))
        at = epoch_ms(found["time"], TIMES)
        found = found.with_columns(
            pl.when(pl.col("is_whole")).then(at).alias("at"),
            pl.col("status").cast(pl.Int64),
            pl.col("size").cast(pl.Int64, strict=False),
        )
        return conform_requests(found)


def _cut_at_quotes(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of the usual form, cut at their quotes and blanks. This is several times faster than
    `_read_with_care`.
    """
    cut = (
        pl.col("line")
        .str.splitn('"', 7)
        .struct.rename_fields(["head", "request", "numbers", "referrer", "gap", "user_agent", "more"])
    )
    found = lines.filter(~pl.col("line").str.contains("\\", literal=True)).with_columns(cut.alias("of")).unnest("of")
    found = (
        found.with_columns(
            pl.col("head").str.splitn("[", 2).struct.rename_fields(["head", "time"]).alias("heads"),
            pl.col("request")
            .str.splitn(" ", 3)
            .struct.rename_fields(["method", "target", "protocol"])
            .alias("requests"),
            pl.col("numbers").str.splitn(" ", 4).struct.rename_fields(["blank", "status", "size", "end"]).alias("all"),
        )
        .drop("head")
        .unnest("heads", "requests", "all")
    )
    is_plain = (
        pl.col("time").str.ends_with("] ")
        & ~pl.col("time").str.contains("[", literal=True)
        & pl.col("protocol").is_in(("HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/2", "HTTP/3.0", "HTTP/3"))
        & pl.col("method").str.contains(r"^[A-Z]{3,10}$")
        & (pl.col("blank") == "")
        & pl.col("status").str.contains(r"^\d{3}$")
        & pl.col("size").str.contains(r"^(?:\d+|-)$")
        & (pl.col("end") == "")
        & (pl.col("gap") == " ")
        & ((pl.col("more") == "") | pl.col("more").str.starts_with(" "))
    )
    return found.filter(is_plain.fill_null(value=False)).with_columns(
        pl.col("time").str.strip_suffix("] "), pl.lit(value=True).alias("is_whole")
    )


def _read_with_care(lines: pl.DataFrame) -> pl.DataFrame:
    """Split the lines that `_cut_at_quotes` cannot read into their fields, and return them. Such lines have no agent,
    more fields or escapes, or are malformed.
    """
    found = lines.with_columns(
        pl.col("line")
        .str.extract_groups(HEAD)
        .struct.rename_fields(["head", "time", "request", "status", "size", "rest"])
        .alias("of")
    ).unnest("of")
    found = _with_tail(found)
    for column in ("request", "referrer", "user_agent"):
        found = found.with_columns(unescaped(found[column]))
    return with_request_line(found).drop("rest")


def _with_tail(found: pl.DataFrame) -> pl.DataFrame:
    """Add the referrer, the agent and the text after them; `is_whole` is False for a line that ends within the referrer
    or the agent.
    """
    found = found.with_columns(
        pl.col("rest").str.extract_groups(TAIL).struct.rename_fields(["referrer", "user_agent", "more"]).alias("of")
    ).unnest("of")
    is_quoted = pl.col("rest").str.contains('"', literal=True)
    loose = pl.col("rest").str.extract_groups(LOOSE_TAIL)
    is_loose = pl.col("user_agent").is_null() & is_quoted
    return found.with_columns(
        pl.when(is_loose).then(loose.struct.field("1")).otherwise(pl.col("referrer")).alias("referrer"),
        pl.when(is_loose).then(loose.struct.field("2")).otherwise(pl.col("user_agent")).alias("user_agent"),
    ).with_columns((~is_quoted | pl.col("user_agent").is_not_null()).alias("is_whole"))


def _with_sender(found: pl.DataFrame) -> pl.DataFrame:
    """Add host and address. Where an address comes first, the host may follow it, as in lighttpd's logs. Otherwise the
    host, or the prefix of a program that wraps lines, comes before the address.
    """
    found = found.with_columns(
        pl.col("head")
        .str.strip_chars()
        .str.extract_groups(WORDS)
        .struct.rename_fields(["first", "second", "third"])
        .alias("of")
    ).unnest("of")
    is_first = found["first"].str.contains(ADDRESS_FIRST).fill_null(value=False)
    is_host = pl.col("third").is_not_null() & pl.col("second").str.contains(rf"^{NAME}(?::\d+)?$")
    is_host &= ~pl.col("second").str.contains(ADDRESS)
    found = found.with_columns(
        pl.col("first").str.strip_chars_end(",").alias("address"),
        pl.when(is_host).then("second").alias("host"),
        pl.coalesce(pl.col("more").str.extract(FORWARDED), pl.col("head").str.extract(CHAIN, 0)).alias("forwarded"),
    )
    if is_first.all():
        return found
    found = found.with_columns(is_first.alias("is_first"))
    return pl.concat([found.filter("is_first"), _with_sender_within(found.filter(~pl.col("is_first")))]).sort("number")


def _with_sender_within(found: pl.DataFrame) -> pl.DataFrame:
    """Add host and address for lines that do not begin with an address."""
    within = pl.col("head").str.extract_groups(WITHIN)
    has_address = within.struct.field("2").is_not_null()
    is_named = pl.col("second").str.contains(ADDRESS) | (
        (pl.col("second") != "-") & pl.col("second").str.contains(r"\.") & (pl.col("third") == "-")
    )
    is_named = is_named.fill_null(value=False)
    return found.with_columns(
        pl.when(is_named).then("second").when(has_address).then(within.struct.field("2")).otherwise("first")
        .alias("address"),
        pl.when(is_named).then("first").when(has_address).then(within.struct.field("1")).alias("host"),
    )  # fmt: skip


def with_request_line(found: pl.DataFrame) -> pl.DataFrame:
    """Add method and target of `request`, as the client sent it; null where the text is not a request."""
    words = pl.col("request").str.extract_groups(r"^([A-Z]{3,10}) (\S.*?)(?: HTTP/\d(?:\.\d)?)?$")
    return found.with_columns(words.struct.field("1").alias("method"), words.struct.field("2").alias("target"))


def epoch_ms(times: pl.Series, formats: tuple[str, ...]) -> pl.Series:
    """Return times in milliseconds since the epoch, each read in the first of `formats` that fits it; null for a text
    that fits none.
    """
    found = times.str.to_datetime(formats[0], time_unit="ms", time_zone="UTC", strict=False).dt.epoch("ms")
    if len(formats) > 1 and found.null_count() > times.null_count():
        others = epoch_ms(times.filter(found.is_null()), formats[1:])
        found = found.scatter(found.is_null().arg_true(), others)
    return found


def unescaped(texts: pl.Series) -> pl.Series:
    r"""Undo servers' escapes of quotes and bytes: `\"`, `\\`, `\xhh` (as UTF-8)."""
    if not texts.str.contains("\\", literal=True).any():
        return texts
    return pl.Series(texts.name, [unescape(text) if text else text for text in texts], dtype=pl.String)


def unescape(text: str) -> str:
    if "\\" not in text:
        return text
    pieces: list[bytes] = []
    end = 0
    for match in ESCAPE.finditer(text):
        pieces.append(text[end : match.start()].encode())
        code = match[1]
        pieces.append(bytes([int(code[1:], 16)]) if len(code) == 3 else CONTROLS.get(code, code).encode())
        end = match.end()
    return b"".join((*pieces, text[end:].encode())).decode("utf-8", "replace")
