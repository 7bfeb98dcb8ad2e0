"""Copies of a whole warehouse and its registry, by ClickHouse's BACKUP and RESTORE (docs/decisions/0030-backups.md)."""
