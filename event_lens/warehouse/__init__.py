"""The only code that touches a ClickHouse client or engine."""
