"""Requests of a web server's log, whatever its format: which requests are pages, and which become events."""

from typing import Protocol

import polars as pl

REQUEST_COLUMNS: dict[str, pl.DataType] = {
    "number": pl.UInt32(),
    "line": pl.String(),
    "at": pl.Int64(),
    "address": pl.String(),
    "method": pl.String(),
    "target": pl.String(),
    "host": pl.String(),
    "status": pl.Int64(),
    "size": pl.Int64(),
    "referrer": pl.String(),
    "user_agent": pl.String(),
}
"""`at` is milliseconds since the epoch, null for an unread line; `method` is null for a request that was not HTTP.
`user_agent` is null if the log has no agents, and `NO_AGENT` if a client sent none.
"""

ASSETS = (
    "7z", "apk", "atom", "avi", "avif", "bmp", "bz2", "class", "css", "csv", "deb", "dmg", "doc", "docx",
    "eot", "exe", "flac", "gif", "gz", "ico", "iso", "jar", "jpeg", "jpg", "js", "json", "less", "m4a", "m4v",
    "map", "mjs", "mov", "mp3", "mp4", "mpeg", "mpg", "msi", "ogg", "otf", "pdf", "pkg", "png", "ppt", "pptx",
    "rar", "rpm", "rss", "scss", "svg", "swf", "tar", "tgz", "tif", "tiff", "ttf", "txt", "wasm", "wav",
    "webm", "webmanifest", "webp", "wmv", "woff", "woff2", "xls", "xlsx", "xml", "xz", "yaml", "yml", "zip",
)  # fmt: skip
FEEDS = ("feed", "rss", "atom")
NOTHING = ("-", "")
NO_AGENT = "-"
PRIVATE = r"^(?:10\.|127\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|::1$|f[cd][0-9a-f]{2}:|fe80:)"
WITH_PORT = r"^(?:(\d{1,3}(?:\.\d{1,3}){3}):\d+|\[([0-9A-Fa-f:.]+)\](?::\d+)?)$"

# Servers that listen on IPv6 and IPv4 with one socket write IPv4 addresses like this.
MAPPED = r"(?i)^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$"


class LogFormat(Protocol):
    """Reads lines (`number`, `line`) as requests; one object per file, since some formats name fields only once."""

    @property
    def name(self) -> str: ...

    def read(self, lines: pl.DataFrame) -> pl.DataFrame: ...


def conform_requests(found: pl.DataFrame) -> pl.DataFrame:
    """Return `found` with exactly the columns of a request; `-` and empty texts become null, except in the agent.
    `forwarded` may hold the addresses that proxies named. Behind a load balancer the `address` is the balancer's, and
    the visitor's is the last public address in `forwarded`.
    """
    if "forwarded" in found.columns:
        found = found.with_columns(_client_address())
    found = found.with_columns(pl.col("address").str.replace(WITH_PORT, "$1$2").str.replace(MAPPED, "$1"))
    columns = []
    for name, kind in REQUEST_COLUMNS.items():
        value = pl.col(name) if name in found.columns else pl.lit(None)
        value = value.cast(kind, strict=False)
        if name == "user_agent":
            value = pl.when(value.is_in(NOTHING)).then(pl.lit(NO_AGENT)).otherwise(value)
        elif kind == pl.String() and name != "line":
            value = pl.when(~value.is_in(NOTHING)).then(value)
        columns.append(value.alias(name))
    return found.select(columns)


def _client_address() -> pl.Expr:
    named = pl.col("forwarded").str.split(",").list.eval(pl.element().str.strip_chars(" +"))
    public = named.list.eval(pl.element().filter(~pl.element().str.contains(PRIVATE) & ~pl.element().is_in(NOTHING)))
    is_proxy = pl.col("address").str.contains(PRIVATE)
    return pl.when(is_proxy).then(pl.coalesce(public.list.last(), "address")).otherwise("address").alias("address")


def why_left_out() -> pl.Expr:
    """Return an expression for the reason why a request is not the view of a page; null when it is one."""
    status = pl.col("status")
    last = (
        pl.col("target").str.extract(r"^([^?#]*)").str.to_lowercase().str.strip_chars_end("/").str.extract(r"([^/]*)$")
    )
    extension = last.str.extract(r"\.([a-z0-9]+)$")
    return (
        pl.when(pl.col("method").is_null()).then(pl.lit("not a request"))
        .when(pl.col("method") != "GET").then(pl.lit("not a GET"))
        .when(status.is_between(300, 399) & (status != 304)).then(pl.lit("redirect"))
        .when(~(status.is_between(200, 299) | (status == 304))).then(pl.lit("error or refused"))
        .when(extension.is_in(ASSETS)).then(pl.lit("picture, script, download"))
        .when(last.is_in(FEEDS)).then(pl.lit("feed"))
    )  # fmt: skip


def page_url() -> pl.Expr:
    """Return an expression for the requested URL, or for its path if the log does not name the host."""
    # A target such as //admin is a path here, although in a page it would name a host.
    target = pl.col("target")
    path = pl.when(target.str.starts_with("/")).then(pl.lit("/") + target.str.strip_chars_start("/")).otherwise(target)
    host = pl.col("host").str.replace(r":(443|80)$", "")
    scheme = pl.when(pl.col("host").str.ends_with(":80")).then(pl.lit("http://")).otherwise(pl.lit("https://"))
    has_host = host.is_not_null() & target.str.starts_with("/")
    return pl.when(has_host).then(scheme + host + path).otherwise(path)
