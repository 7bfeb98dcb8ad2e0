"""`docs/monitoring.md`, written from the list of metrics."""

from event_lens.metrics import METRICS


def monitoring_page() -> str:
    """Return the text of the page: how to watch the parts, and a table of all metrics."""
    rows = "\n".join(f"| `{m.name}` | {f'`{m.label}`' if m.label else ''} | {m.help} |" for m in METRICS)
    return (
        "# Monitoring\n\n"
        "`GET /health` says how many events wait on disk, `GET /ready` whether events can be taken, and\n"
        "`GET /metrics` has the metrics for Prometheus. The collector's counters are sums over all its workers, even\n"
        "dead ones, and begin at zero when the collector starts.\n\n"
        "Logs are lines of JSON on standard error. A line that was written while a request was answered has the\n"
        "request's `request_id`. The answer has the same id in `x-request-id`; it is the sender's own if that has 1\n"
        "to 64 letters, digits, `_` or `-`. For each question there is a line `request_answered` with its route,\n"
        "status and duration, but never with its parameters; `EVENTLENS_LOG_LEVEL=debug` adds such a line for every\n"
        "other request.\n\n"
        "`deploy/monitoring` has alert rules for Prometheus, each with its remedy, and a dashboard for Grafana\n"
        "(import `grafana.json`). On the machine itself, `eventlens status` and `eventlens doctor` say more.\n\n"
        "With `EVENTLENS_OTLP_ENDPOINT` and the packages of `.[traces]`, OpenTelemetry traces requests, landings and\n"
        "builds. The id of a landing's trace is made from the id of its batch; the requests whose events landed and\n"
        "the build that takes the batch in link to this trace. Spans hold names, counts and codes, never addresses or\n"
        "sent data.\n\n"
        "This table is written from `event_lens/metrics.py` by `python -m docs.generate`.\n\n"
        f"| name | label | what it counts |\n| --- | --- | --- |\n{rows}\n"
    )
