"""Bot signals: signs that a program claims to be a browser. They are recorded, and do not affect the verdict."""

import re
from functools import lru_cache

from collector.auth.credentials import Headers

PREFIX = "soft:"

# Headers that clouds, their functions and their proxies add to requests.
DATA_CENTRE_HEADERS = frozenset(
    {
        b"via",
        b"cf-worker",
        b"function-execution-id",
        b"lambda-runtime-aws-request-id",
        b"x-amzn-trace-id",
        b"x-amzn-requestid",
        b"x-amz-cf-id",
        b"x-appengine-inbound-appid",
        b"x-azure-ref",
        b"x-cloud-trace-context",
        b"x-forwarded-amzn-requestid",
        b"x-nf-request-id",
        b"x-vercel-id",
    }
)
# Browsers send these to https addresses; first versions, with some margin.
FETCH_METADATA_SINCE = {"Chrome": 90, "Firefox": 95, "Version": 17}
CLIENT_HINTS_SINCE = {"Chrome": 100}
# Applications around a browser, and browsers that went their own way, may leave client hints out.
NO_CLIENT_HINTS = re.compile(
    r"; wv\)|Version/4\.0 |SamsungBrowser/|UCBrowser/|MiuiBrowser/|HuaweiBrowser/|Silk/|Electron/"
)
_ENGINE = re.compile(r"\b(Chrome|Firefox|Version)/(\d{1,4})")


def bot_signals(headers: Headers, user_agent: str, origin: str, *, is_proxied: bool) -> str:
    """Return `soft:` and the names of the signals joined by commas; empty when there are none. Takes a few
    microseconds.

    `is_proxied`: the request came through a trusted proxy, which may itself have added the signs of a data centre.
    """
    signs: list[str] = []
    if user_agent.startswith("Mozilla/"):
        if b"accept-language" not in headers:
            signs.append("no_accept_language")
        # A page on https can only send to https (or to this machine), where browsers always send these headers.
        if origin.startswith("https://"):
            has_fetch_metadata, has_client_hints = _always_sends(user_agent)
            if has_fetch_metadata and b"sec-fetch-mode" not in headers:
                signs.append("no_fetch_metadata")
            if has_client_hints and b"sec-ch-ua" not in headers:
                signs.append("no_client_hints")
    if b"sec-ch-ua" in headers and b"headless" in headers[b"sec-ch-ua"].lower():
        signs.append("headless")
    if not is_proxied and not DATA_CENTRE_HEADERS.isdisjoint(headers):
        signs.append("data_centre")
    return PREFIX + ",".join(signs) if signs else ""


@lru_cache(maxsize=8192)
def _always_sends(user_agent: str) -> tuple[bool, bool]:
    """Return whether a genuine browser with this agent always sends fetch metadata, and whether it always sends
    client hints.
    """
    found = _ENGINE.search(user_agent)
    if found is None or ("Mobile/" in user_agent and "Version/" not in user_agent):  # an application on iOS
        return False, False
    engine, version = found[1], int(found[2])
    if engine == "Version" and "Safari/" not in user_agent:
        return False, False
    has_hints = version >= CLIENT_HINTS_SINCE.get(engine, 1 << 30) and not NO_CLIENT_HINTS.search(user_agent)
    return version >= FETCH_METADATA_SINCE[engine], has_hints
