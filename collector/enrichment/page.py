"""The page of an event and the source of its visitor, as columns of the row."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec

from collector.enrichment.context import ProjectSettings
from collector.enrichment.referrer import classify, read_campaign
from collector.enrichment.url import Url, clean_query, split_url, whole_query, with_hash_route
from event_lens.contract.encoded_row import encoded_columns
from event_lens.contract.limits import MAX_TEXT_LENGTH

PAGE_FIELDS = frozenset({"path", "search", "origin", "referrer"})
"""Fields of an event that are read here, and stored in no row in their original form."""

USUAL_FIELDS = frozenset({"path", "referrer", "title"})
MAX_KNOWN = 1_024  # characters; longer addresses hardly repeat, and would fill the cache

NO_PAGE = split_url("")


class Page(msgspec.Struct, frozen=True):
    """The columns `path`, `query`, `hash`, `origin`, referrer, campaign and click by name, and the same columns
    encoded.
    """

    values: dict[str, str]
    columns: bytes


class SiteRules(NamedTuple):
    """A project's rules for its pages: its own domains, and whether a path in the hash or a slash at the end
    distinguishes pages.
    """

    domains: tuple[str, ...] = ()
    hash_routes: bool = False
    fold_trailing_slash: bool = False


NO_RULES = SiteRules()


def site_rules(project: ProjectSettings) -> SiteRules:
    """Return the project's rules for its pages."""
    return SiteRules(project.domains, project.hash_routes, project.fold_trailing_slash)


def page_of(fields: Mapping[str, str], sender_origin: str, rules: SiteRules = NO_RULES) -> Page:
    """Return the page of an event with these `fields`, whose request came with the `Origin` `sender_origin`."""
    get = fields.get
    path, referrer = get("path", ""), get("referrer", "")
    if USUAL_FIELDS.issuperset(fields) and len(path) + len(referrer) < MAX_KNOWN:
        return _read_once(path, referrer, sender_origin, rules)
    search, origin, source, medium = (get(field, "") for field in ("search", "origin", "utm_source", "utm_medium"))
    return _read(path, referrer, sender_origin, rules, search, origin, source, medium)


def _read(
    path: str,
    referrer: str,
    sender_origin: str,
    rules: SiteRules,
    search: str = "",
    origin: str = "",
    utm_source: str = "",
    utm_medium: str = "",
) -> Page:
    page = split_url(path)
    if rules.hash_routes:
        page = with_hash_route(page)
    if rules.fold_trailing_slash and page.path != "/":
        page = page._replace(path=page.path.removesuffix("/"))
    query = page.query or clean_query(search)
    # The campaign may be beyond the place where the query is cut.
    marks = read_campaign(query if len(query) < MAX_TEXT_LENGTH else whole_query(path) or whole_query(f"?{search}"))
    site = _site(page, origin, sender_origin)
    source = classify(
        referrer,
        site.host,
        marks.click_id,
        utm_source or marks.campaign.get("utm_source", ""),
        utm_medium or marks.campaign.get("utm_medium", ""),
        rules.domains,
    )
    values = marks.campaign | {
        "path": page.path,
        "origin": site.origin,
        "query": query,
        "hash": page.hash,
        "referrer": source.referrer,
        "referrer_name": source.name,
        "referrer_type": source.type,
        "click_id": source.click_id,
    }
    if utm_source:
        values["utm_source"] = utm_source
    if utm_medium:
        values["utm_medium"] = utm_medium
    return Page(values, encoded_columns(values))


_read_once = lru_cache(maxsize=8192)(_read)


def _site(page: Url, origin: str, sender_origin: str) -> Url:
    """Return the site of the page: from its URL, from its own field, or from the sender's origin."""
    if page.host:
        return page
    given = split_url(origin) if origin else NO_PAGE
    return given if given.host else split_url(sender_origin)
