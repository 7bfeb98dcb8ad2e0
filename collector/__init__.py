"""The collector: HTTP to disk to ClickHouse."""
