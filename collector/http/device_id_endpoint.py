"""GET /track/device-id: the device of a request as the collector sees it, for clients that do not read the answers to
their events.
"""

from collector.auth.credentials import text
from collector.enrichment.session_id import foreseen_session_id
from collector.enrichment.url import split_url
from collector.http.endpoints import Answer, Collect, Endpoint, Scope, as_endpoint
from collector.http.request_body import Receive


def own_device(collect: Collect) -> Endpoint:
    """Return a route that answers every authorised sender with the `{"deviceId", "sessionId"}` of the request itself;
    nothing is stored.

    The device is empty for a server that names no visitor: a verified secret without a client's address.
    """

    async def answer(scope: Scope, _receive: Receive, headers: dict[bytes, bytes]) -> Answer:
        if b"origin" not in headers:
            # Browsers omit `Origin` in a GET to the page's own origin, which a proxy of the collector may be.
            headers[b"origin"] = split_url(text(headers, b"referer")).origin.encode()
        builder = await collect.builder(scope, headers)
        if builder.left_out:
            return 200, {"deviceId": "", "sessionId": ""}
        request, device_id = builder.request, builder.own_device().device_id
        session_id = foreseen_session_id(request.project, device_id, request.received_at_ms)
        return 200, {"deviceId": device_id, "sessionId": session_id}

    return as_endpoint("GET", answer)
