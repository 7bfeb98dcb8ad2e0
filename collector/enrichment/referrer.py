"""The source of a visit: the type and name of its referrer, its campaign, and its click id."""

import csv
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote_plus

from collector.enrichment.url import Url, host_of, split_url
from event_lens.contract.limits import MAX_TEXT_LENGTH, MAX_WORD_LENGTH

DATA = Path(__file__).parent / "data"
TABLES = ("referrers.csv", "referrers_added.csv")

# The source that each click id stands for. All mark an advertisement, except those that shared links carry too.
CLICK_IDS = {
    "gclid": ("ad", "Google Ads"),
    "gbraid": ("ad", "Google Ads"),
    "wbraid": ("ad", "Google Ads"),
    "dclid": ("ad", "Google Ads"),
    "gad_source": ("ad", "Google Ads"),
    "msclkid": ("ad", "Microsoft Ads"),
    "fbclid": ("social", "Facebook"),
    "igshid": ("social", "Instagram"),
    "igsh": ("social", "Instagram"),
    "ttclid": ("ad", "TikTok"),
    "twclid": ("ad", "X"),
    "li_fat_id": ("ad", "LinkedIn"),
    "rdt_cid": ("ad", "Reddit"),
    "sccid": ("ad", "Snapchat"),
    "epik": ("ad", "Pinterest"),
    "qclid": ("ad", "Quora"),
    "yclid": ("ad", "Yandex Direct"),
    "ymclid": ("ad", "Yandex Direct"),
    "obclid": ("ad", "Outbrain"),
    "dicbo": ("ad", "Outbrain"),
    "tblci": ("ad", "Taboola"),
    "irclickid": ("ad", "Impact"),
    "cjevent": ("ad", "CJ"),
    "awc": ("ad", "Awin"),
    "n_media": ("ad", "Naver Ads"),
    "napm": ("ad", "Naver Ads"),
}
CAMPAIGN_KEYS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
PAID_MEDIA = frozenset(
    {"ad", "ads", "cpc", "cpm", "cpv", "cpa", "ppc", "paid", "display", "banner", "retargeting", "remarketing", "sem"}
)
MEDIA_TYPES = {
    "email": "email",
    "e-mail": "email",
    "newsletter": "email",
    "social": "social",
    "social-media": "social",
    "sm": "social",
    "organic": "search",
    "referral": "referral",
    "chat": "chat",
}
# Texts that programs write in place of a missing referrer.
NO_REFERRER = frozenset({"-", "undefined", "null", "none", "nan", "nil", "(direct)", "direct", "(none)", "(not set)"})
# A subdomain of a search engine is often another service (docs.google.com); these hosts are the engine itself.
ENGINE_LABELS = frozenset({"www", "search", "images", "image", "lite", "html", "mobile", "next", "cse", "wap"})
MAX_COUNTRY_LABEL = 2
TWINS = ("www.", "m.", "mobile.")  # a host with one of these prefixes is the same site as the host without it
_ROUTE = re.compile(r"\s*/(?![/\\])")
# Applications and logs omit the scheme; a file's name is not a host.
_BARE_HOST = re.compile(r"(?:[^\W_][\w-]*\.)+(?!(?:html?|php|aspx?|jsp|md)(?:[:/]|$))[^\W\d_]{2,}\.?(?::\d+)?(?:/|$)")


class CampaignParameters(NamedTuple):
    """The campaign values of a query by name, and the name of its click id. The id's value is not stored separately."""

    campaign: dict[str, str]
    click_id: str


class Referrer(NamedTuple):
    """`referrer` lacks user name, password and fragment; `type` is direct, internal, referral, search, social,
    email, chat, ad or other.
    """

    referrer: str
    name: str
    type: str
    click_id: str


NO_MARKS = CampaignParameters({}, "")


def read_campaign(query: str) -> CampaignParameters:
    """Return the UTM values and the click id in a query."""
    return _read_marks(query) if "=" in query else NO_MARKS


@lru_cache(maxsize=4096)
def _read_marks(query: str) -> CampaignParameters:
    campaign: dict[str, str] = {}
    click_id = ""
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        key = key.lower().removeprefix("amp;")  # of links that were escaped for HTML once too often
        if not value:
            continue
        if key in CAMPAIGN_KEYS:
            campaign.setdefault(key, unquote_plus(value)[:MAX_WORD_LENGTH])
        elif key in CLICK_IDS and (not click_id or CLICK_IDS[click_id][0] != "ad"):
            click_id = key
    return CampaignParameters(campaign, click_id)


@lru_cache(maxsize=8192)
def classify(
    referrer: str, page_host: str, click_id: str, utm_source: str, utm_medium: str, domains: tuple[str, ...] = ()
) -> Referrer:
    """Return the source of a visit to `page_host` (empty if unknown) whose page URL has these campaign parameters.
    `domains` are the project's own: visits from them are internal.
    """
    url = split_url(referrer)
    if url.without_hash.lower() in NO_REFERRER:
        referrer, url = "", split_url("")
    if not url.host and _BARE_HOST.match(url.path):
        url = split_url(f"https://{url.without_hash}")
    marks = read_campaign(url.query)
    click_id = click_id or marks.click_id
    source = (utm_source or marks.campaign.get("utm_source", "")).strip()
    medium = (utm_medium or marks.campaign.get("utm_medium", "")).strip().lower()
    kind, name = ("internal", "") if _ROUTE.match(referrer) else _by_host(url, (page_host, *domains))
    is_own = kind in ("direct", "internal")
    clicked, clicked_at = CLICK_IDS.get(click_id, ("", ""))
    if clicked == "ad" or medium in PAID_MEDIA or medium.startswith("paid"):
        kind, name = "ad", (clicked_at or _by_name(source)[1]) if is_own else name
    elif clicked and is_own:
        kind, name = clicked, clicked_at
    elif source and is_own:
        by_name, name = _by_name(source)
        kind = MEDIA_TYPES.get(medium, by_name)
    return Referrer(url.without_hash[:MAX_TEXT_LENGTH], name, kind, click_id)


def _by_host(url: Url, own_hosts: tuple[str, ...]) -> tuple[str, str]:
    if not url.host:
        return ("other", "") if url.path else ("direct", "")
    if _site(url.host) in map(_site, own_hosts):
        return "internal", ""
    host = url.host.removeprefix("www.")
    found = _find(host, url.path)
    if found:
        return found
    return "referral" if url.origin.startswith(("http:", "https:")) else "other", host


def _site(host: str) -> str:
    for twin in TWINS:
        site = host.removeprefix(twin)
        if "." in site:
            host = site
    return host


def _find(host: str, path: str) -> tuple[str, str] | None:
    """Return the table's row for a host: the row for the host and the first piece of its path, else for the host
    itself, else for a domain above it; None when there is no row.
    """
    table = _table()
    found = table.get(f"{host}/{path[1:].partition('/')[0]}") or table.get(host)
    below, _, domain = host.partition(".")
    while not found and "." in domain:
        found = table.get(domain)
        if found and found[0] == "search" and below not in ENGINE_LABELS and len(below) > MAX_COUNTRY_LABEL:
            return "referral", host
        below, _, domain = domain.partition(".")
    return found


def _by_name(source: str) -> tuple[str, str]:
    """Return the type and name of a `utm_source`: a host, or a name such as google."""
    host = host_of(source).removeprefix("www.")
    return (_find(host, "") if host else None) or _names().get(source.lower()) or ("other", source)


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[str, str]]:
    table: dict[str, tuple[str, str]] = {}
    for name in TABLES:
        with (DATA / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                medium = "referral" if row["medium"] == "unknown" else row["medium"]
                host, slash, path = row["host"].partition("/")
                table[f"{host_of(host.lstrip('.')).removeprefix('www.')}{slash}{path}"] = (medium, row["source"])
    return table


@lru_cache(maxsize=1)
def _names() -> dict[str, tuple[str, str]]:
    return {name.lower(): (kind, name) for kind, name in _table().values() if kind != "referral"}
