"""The collector: it takes events over HTTP, writes them to disk, and loads them into ClickHouse."""
