-- What was imported, and what became of it; the newest row of an import counts.
CREATE TABLE IF NOT EXISTS lens_raw.imports
(
    import_id String,
    project_id String,
    source LowCardinality(String),
    files Array(String),
    state LowCardinality(String),
    started_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC'),
    line_count UInt64,
    event_count UInt64,
    bot_count UInt64,
    known_count UInt64,
    unreadable_count UInt64,
    left_out Map(String, UInt64),
    first_event_at DateTime64(3, 'UTC'),
    last_event_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (project_id, import_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Where rows were that went out again or are judged anew: a build rebuilds these days as those of a batch that landed.
CREATE TABLE IF NOT EXISTS lens_raw.changed_events
(
    batch_id String,
    project_id String,
    created_at DateTime64(3, 'UTC'),
    received_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (batch_id, project_id, created_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
