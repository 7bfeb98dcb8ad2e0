"""Checks that the page itself sent a request. Only then may the request use a session, so that other sites cannot act
in the visitor's name.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

PAGE_HEADER = "event-lens-page"


def is_from_page(headers: Mapping[str, str]) -> bool:
    """Return whether the page sent this request to the origin from which it was loaded. Header names are in lower case.

    Another site's page cannot send the page's own header without a preflight, which is never answered. A page on
    another port of this machine sends the same cookies, but `Sec-Fetch-Site` reveals it. Browsers leave that header out
    on plain HTTP, except to loopback.
    """
    origin = headers.get("origin")
    return (
        PAGE_HEADER in headers
        and headers.get("sec-fetch-site", "same-origin") == "same-origin"
        and (origin is None or urlsplit(origin).netloc == headers.get("host", ""))
    )
