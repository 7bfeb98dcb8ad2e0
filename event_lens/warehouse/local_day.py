"""The local day of a raw row, by its project's time zone, in SQL over a relation `record`."""

JOIN_ZONES = """
    ASOF LEFT JOIN (
        SELECT project_id, from_utc, offset_seconds
        FROM (SELECT project_id, timezone FROM lens_raw.project_settings FINAL) AS projects
        INNER JOIN (SELECT * FROM lens_raw.zone_offsets FINAL) AS offsets ON offsets.zone = projects.timezone
    ) AS zones ON record.project_id = zones.project_id AND record.created_at >= zones.from_utc
"""

LOCAL_DAY = "toDate(record.created_at + toIntervalSecond(zones.offset_seconds))"
"""The day; its statement has `JOIN_ZONES` after `record`."""
