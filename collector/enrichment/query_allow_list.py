"""Query parameters: parameters on a project's allow-list are kept, all others are removed."""

from typing import Any
from urllib.parse import unquote_plus


def keep_parameters(values: dict[str, Any], names: frozenset[str]) -> None:
    """Remove all parameters except `names` (in lower case) from a row's query, hash and referrer.

    Campaign and click columns stay, because they are read before. A hash loses everything after its `?`, or, without a
    `?`, every `name=value`.
    """
    values["query"] = _kept(values.get("query", ""), names)
    values["referrer"] = _kept_of_url(values.get("referrer", ""), names)
    fragment = values.get("hash", "")
    if "=" in fragment:
        values["hash"] = _kept_of_url(fragment, names) if "?" in fragment else _kept(fragment, names)


def _kept_of_url(url: str, names: frozenset[str]) -> str:
    page, _, query = url.partition("?")
    kept = _kept(query, names)
    return f"{page}?{kept}" if kept else page


def _kept(query: str, names: frozenset[str]) -> str:
    return "&".join(pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]).lower() in names)
