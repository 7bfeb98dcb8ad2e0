"""A small web site on loopback: pages with the published browser client, or with the collector's script."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from string import Template
from threading import Thread

from tests.sdks.client_process import NODE
from tests.sdks.site import HOST

MODULES = NODE / "node_modules"
PAGE = Template("""<!doctype html>
<html lang="ko"><head><meta charset="utf-8"><title>The shop</title><link rel="icon" href="data:,">
<script type="importmap">{"imports": {
  "@openpanel/sdk": "/modules/@openpanel/sdk/dist/index.js",
  "@openpanel/web": "/modules/@openpanel/web/dist/index.js",
  "rrweb": "/modules/rrweb/dist/rrweb.js"
}}</script>
<script type="module">
  import { OpenPanel } from "@openpanel/web";
  if (location.search !== "?silent") window.op = new OpenPanel({
    apiUrl: "$api", clientId: "$client",
    trackScreenViews: true, trackOutgoingLinks: true, trackAttributes: true,
    sessionReplay: { enabled: location.search === "?record", flushIntervalMs: 100 },
  });
</script></head><body>
<button data-track="add_to_cart" data-product-id="42">Add to cart</button>
<a href="http://partner.example.net:$port/deal">Partner</a>
</body></html>""")
ELSEWHERE = Template("""<!doctype html><html><head><title>Elsewhere</title><link rel="icon" href="data:,"></head>
<body><a href="http://$host:$port/?utm_source=news&utm_medium=email&token=s3cret#top">The shop</a></body></html>""")

# Nothing inline, and nothing from elsewhere but the collector's script.
POLICY = "default-src 'none'; img-src data:; script-src 'self' {api}; connect-src {api}; base-uri 'none'"
TAGGED = Template("""<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>The tagged shop</title>
<link rel="icon" href="data:,"><script src="$api/op1.js" data-client-id="$client" $more defer></script></head>
<body><button data-track="add_to_cart" data-product-id="42">Add to cart</button></body></html>""")
QUEUED = Template("""<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>The queued shop</title>
<link rel="icon" href="data:,"><script src="/own.js"></script><script src="$api/op1.js" async></script></head>
<body></body></html>""")
OWN = Template("""window.op = window.op || function () { (op.q = op.q || []).push(arguments); };
op("init", { clientId: "$client", trackScreenViews: true });
op("rememberDevice", true);
op("track", "early", { plan: "pro" });
""")


@contextmanager
def shop(api: str, client_id: str) -> Iterator[int]:
    """Serves the site at its port while the block lasts; other host names than `HOST` are other sites."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            if self.path.startswith("/modules/"):
                content, kind = (MODULES / self.path.removeprefix("/modules/")).read_bytes(), "text/javascript"
            elif self.path.startswith(("/tagged", "/queued")):
                more = self.path.partition("?")[2]
                page = TAGGED if self.path.startswith("/tagged") else QUEUED
                content, kind = page.substitute(api=api, client=client_id, more=more).encode(), "text/html"
            elif self.path == "/own.js":
                content, kind = OWN.substitute(client=client_id).encode(), "text/javascript"
            else:
                is_shop = self.headers.get("host", "").startswith(HOST)
                page = PAGE if is_shop else ELSEWHERE
                text = page.substitute(api=api, client=client_id, host=HOST, port=server.server_port)
                content, kind = text.encode(), "text/html"
            self.send_response_only(200)
            self.send_header("content-type", kind)
            if self.path.startswith(("/tagged", "/queued")):
                self.send_header("content-security-policy", POLICY.format(api=api))
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            return

    setattr(Handler, "do_GET", Handler.answer)  # noqa: B010  (the server calls it by that name)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
