-- Copied from the registry when a build starts; the newest copy of a row counts, and a removed one is none under FINAL.
-- The table is made anew for the mark of removal: it holds copies only, and every build starts with a copy.
DROP TABLE IF EXISTS lens_raw.funnel_definitions SYNC;

CREATE TABLE IF NOT EXISTS lens_raw.funnel_definitions
(
    project_id String,
    funnel_id String,
    name String,
    step_names Array(String),
    step_filters Array(String),
    window_seconds UInt32,
    counted_by LowCardinality(String) DEFAULT 'device',
    step_order LowCardinality(String) DEFAULT 'ordered',
    breakdown String,
    copied_at DateTime64(3, 'UTC'),
    is_removed UInt8
)
ENGINE = ReplacingMergeTree(copied_at, is_removed)
ORDER BY (project_id, funnel_id);

CREATE TABLE IF NOT EXISTS lens_raw.retention_definitions
(
    project_id String,
    retention_id String,
    name String,
    start_event String,
    return_event String,
    copied_at DateTime64(3, 'UTC'),
    is_removed UInt8
)
ENGINE = ReplacingMergeTree(copied_at, is_removed)
ORDER BY (project_id, retention_id);

CREATE TABLE IF NOT EXISTS lens_raw.cohort_definitions
(
    project_id String,
    cohort_id String,
    name String,
    criteria String,
    match LowCardinality(String) DEFAULT 'all',
    copied_at DateTime64(3, 'UTC'),
    is_removed UInt8
)
ENGINE = ReplacingMergeTree(copied_at, is_removed)
ORDER BY (project_id, cohort_id);

CREATE TABLE IF NOT EXISTS lens_raw.goal_definitions
(
    project_id String,
    goal_id String,
    name String,
    event_name String,
    filters String,
    copied_at DateTime64(3, 'UTC'),
    is_removed UInt8
)
ENGINE = ReplacingMergeTree(copied_at, is_removed)
ORDER BY (project_id, goal_id);
