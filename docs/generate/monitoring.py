"""`docs/monitoring.md`, written from the list of metrics."""

from event_lens.metrics import METRICS


def monitoring_page() -> str:
    """Return the text of the page: how to watch the parts, and a table of all metrics."""
    rows = "\n".join(f"| `{m.name}` | {f'`{m.label}`' if m.label else ''} | {m.help} |" for m in METRICS)
    return (
        "# Monitoring\n\n"
        "`GET /health` says what waits on disk, `GET /ready` whether events can be taken, `GET /metrics` counts for\n"
        "Prometheus. The collector's counters are sums over all its workers, those included that died, and begin at\n"
        "zero when the collector starts. Logs are lines of JSON on standard error; a line that was written while a\n"
        "request was answered carries the `request_id` that the answer has in `x-request-id`, which is the sender's\n"
        "own if it is 1 to 64 letters, digits, `_` or `-`. Each question leaves a line\n"
        "`request_answered` with its route, status and duration, never with what was asked;\n"
        "`EVENTLENS_LOG_LEVEL=debug` adds such a line for every other request.\n\n"
        "`deploy/monitoring` has alert rules for Prometheus, each with what to do, and a dashboard for Grafana\n"
        "(import `grafana.json`). `eventlens status` and `eventlens doctor` say more on the machine itself.\n\n"
        "With `EVENTLENS_OTLP_ENDPOINT` and the packages of `.[traces]`, requests, landings and builds are traced by\n"
        "OpenTelemetry. A landing's trace follows from its batch; the requests that it lands and the build that takes\n"
        "it in link there. Spans hold names, counts and codes, never addresses or what was sent.\n\n"
        "This table is written from `event_lens/metrics.py` by `python -m docs.generate`.\n\n"
        f"| name | label | what it counts |\n| --- | --- | --- |\n{rows}\n"
    )
