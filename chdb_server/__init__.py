"""ClickHouse's own server inside the chDB package: one process that owns the data folder, and a guard for analysts."""

from event_lens.settings import Settings


def serve(settings: Settings) -> None:
    """Serve the embedded warehouse until SIGTERM or SIGINT; see `server.serve`."""
    # The engine takes long to import, and only this process needs it.
    from chdb_server import server  # noqa: PLC0415

    server.serve(settings)
