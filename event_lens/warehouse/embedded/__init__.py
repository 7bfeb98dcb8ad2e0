"""ClickHouse's HTTP interface over chDB: one process that owns the data folder."""

from event_lens.settings import Settings


def serve(settings: Settings) -> None:
    """Serve the embedded warehouse until SIGTERM or SIGINT; see `server.serve`."""
    # The engine takes long to import, and only this process needs it.
    from event_lens.warehouse.embedded import server  # noqa: PLC0415

    server.serve(settings)
