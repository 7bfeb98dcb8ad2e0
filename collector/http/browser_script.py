"""GET /op1.js: OpenPanel's tracker for pages without a bundler, with lines of ours before and after it."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from collector.auth.client_ip import read_headers
from collector.http.endpoints import Endpoint, Scope
from collector.http.request_body import Receive
from collector.http.responses import Header, Send, cors_headers, preflight_headers, send_bytes, send_error
from event_lens.errors import Refused

PATH = "/op1.js"
FOLDER = Path(__file__).with_name("browser")
PLACE = "/* OPENPANEL */"
# A browser does not ask for an hour; for another day it may use its copy while it revalidates.
CACHED: Header = (b"cache-control", b"public, max-age=3600, stale-while-revalidate=86400")
JAVASCRIPT: Header = (b"content-type", b"text/javascript; charset=utf-8")
# For <script crossorigin integrity>; the script has no content of a single user.
READABLE: Header = (b"access-control-allow-origin", b"*")


@cache
def script_text() -> bytes:
    """Return the served script, with the notice that its licence requires."""
    notice = (FOLDER / "LICENSE-openpanel-web.txt").read_text().strip()
    before, after = (FOLDER / "start.js").read_text().split(PLACE)
    tracker = (FOLDER / "openpanel-web.js").read_text().strip()
    return f"/*! @openpanel/web\n{notice}\n*/\n{before}{tracker}{after}".encode()


def browser_script() -> Endpoint:
    """Return the script's route; browsers cache the script and ask for it again with its ETag."""
    body = script_text()
    tag = f'"{sha256(body).hexdigest()[:32]}"'.encode()
    headers = [JAVASCRIPT, CACHED, READABLE, (b"etag", tag)]

    async def endpoint(scope: Scope, _receive: Receive, send: Send) -> None:
        sent = read_headers(scope["headers"])
        method = scope["method"]
        if method == "OPTIONS":
            await send_bytes(send, 204, b"", preflight_headers(sent))
        elif method not in ("GET", "HEAD"):
            refused = Refused("This route takes GET and HEAD only.", code="method_not_allowed")
            await send_error(send, refused, [*cors_headers(sent), (b"allow", b"GET, HEAD, OPTIONS")])
        elif _is_known(sent.get(b"if-none-match", b""), tag):
            await send({"type": "http.response.start", "status": 304, "headers": headers[1:]})
            await send({"type": "http.response.body", "body": b""})
        else:
            length = (b"content-length", str(len(body)).encode())
            await send({"type": "http.response.start", "status": 200, "headers": [*headers, length]})
            await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})

    return endpoint


def _is_known(if_none_match: bytes, tag: bytes) -> bool:
    """Return whether the browser already has the script with this tag. A proxy that compresses turns the tag into a
    weak one.
    """
    known = [part.strip().removeprefix(b"W/") for part in if_none_match.split(b",")]
    return tag in known or b"*" in known
