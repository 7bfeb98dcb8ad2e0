-- What was received, as it was received. Only the collector's writer and the imports insert into the first four tables.

CREATE DATABASE IF NOT EXISTS lens_raw;

CREATE DATABASE IF NOT EXISTS lens_staging;

CREATE DATABASE IF NOT EXISTS lens;

CREATE TABLE IF NOT EXISTS lens_raw.events
(
    event_id UUID,
    message_id String,
    project_id LowCardinality(String),
    name LowCardinality(String),
    device_id String,
    previous_device_id String,
    device_kind LowCardinality(String),
    profile_id String,
    client_session_id String,
    groups Array(String),
    created_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    day Date DEFAULT toDate(created_at),
    path String,
    origin LowCardinality(String),
    query String,
    hash String,
    title String,
    referrer String,
    referrer_name LowCardinality(String),
    referrer_type LowCardinality(String),
    utm_source LowCardinality(String),
    utm_medium LowCardinality(String),
    utm_campaign LowCardinality(String),
    utm_term String,
    utm_content String,
    click_id LowCardinality(String),
    country LowCardinality(String),
    region LowCardinality(String),
    city LowCardinality(String),
    latitude Nullable(Float32),
    longitude Nullable(Float32),
    user_agent LowCardinality(String),
    os LowCardinality(String),
    os_version LowCardinality(String),
    browser LowCardinality(String),
    browser_version LowCardinality(String),
    device LowCardinality(String),
    brand LowCardinality(String),
    model LowCardinality(String),
    language LowCardinality(String),
    screen_width UInt16,
    screen_height UInt16,
    revenue Decimal(18, 4),
    currency LowCardinality(String),
    properties JSON(max_dynamic_paths = 128),
    body_hash UInt64,
    sdk_name LowCardinality(String),
    sdk_version LowCardinality(String),
    is_bot Bool,
    bot_reason LowCardinality(String),
    import_id LowCardinality(String),
    batch_id LowCardinality(String),
    batch_row UInt32,
    INDEX received_at_range received_at TYPE minmax GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(created_at)
ORDER BY (project_id, day, device_id, created_at)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS lens_raw.profile_operations
(
    event_id UUID,
    message_id String,
    project_id LowCardinality(String),
    operation LowCardinality(String),
    device_id String,
    previous_device_id String,
    device_kind LowCardinality(String),
    profile_id String,
    alias String,
    property String,
    value Decimal(38, 9),
    group_id String,
    group_type LowCardinality(String),
    group_name String,
    groups Array(String),
    first_name String,
    last_name String,
    name String,
    email String,
    avatar String,
    properties JSON(max_dynamic_paths = 128),
    created_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    day Date DEFAULT toDate(created_at),
    user_agent LowCardinality(String),
    sdk_name LowCardinality(String),
    sdk_version LowCardinality(String),
    is_bot Bool,
    bot_reason LowCardinality(String),
    import_id LowCardinality(String),
    batch_id LowCardinality(String),
    batch_row UInt32
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(created_at)
ORDER BY (project_id, profile_id, created_at)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- The row stays for the ledger; what a person sent goes after 30 days.
CREATE TABLE IF NOT EXISTS lens_raw.quarantine
(
    project_id LowCardinality(String),
    received_at DateTime64(3, 'UTC'),
    code LowCardinality(String),
    message String,
    device_id String TTL toDateTime(received_at) + INTERVAL 30 DAY,
    user_agent String TTL toDateTime(received_at) + INTERVAL 30 DAY,
    body String TTL toDateTime(received_at) + INTERVAL 30 DAY,
    body_length UInt32,
    body_hash String,
    line_number UInt32,
    sdk_name LowCardinality(String),
    sdk_version LowCardinality(String),
    import_id LowCardinality(String),
    batch_id LowCardinality(String),
    batch_row UInt32
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (project_id, received_at)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One row a landed batch, written after its rows: the cursor of every build.
CREATE TABLE IF NOT EXISTS lens_raw.batches
(
    batch_id String,
    table_name LowCardinality(String),
    landed_at DateTime64(3, 'UTC'),
    row_count UInt64,
    rejected_count UInt64,
    bot_count UInt64,
    byte_count UInt64,
    first_event_at DateTime64(3, 'UTC'),
    last_event_at DateTime64(3, 'UTC'),
    first_received_at DateTime64(3, 'UTC'),
    last_received_at DateTime64(3, 'UTC'),
    max_lateness_seconds UInt64,
    import_id String
)
ENGINE = MergeTree
ORDER BY landed_at
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Copied from the registry and the zone database when a build starts; the newest copy of a row counts.
CREATE TABLE IF NOT EXISTS lens_raw.project_settings
(
    project_id String,
    name String,
    timezone String,
    currency String,
    session_timeout_seconds UInt32,
    duplicate_window_ms UInt32,
    allowed_bots Array(String),
    copied_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(copied_at)
ORDER BY project_id;

CREATE TABLE IF NOT EXISTS lens_raw.zone_offsets
(
    zone String,
    from_utc DateTime64(3, 'UTC'),
    offset_seconds Int32,
    copied_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(copied_at)
ORDER BY (zone, from_utc);

CREATE TABLE IF NOT EXISTS lens_raw.funnel_definitions
(
    project_id String,
    funnel_id String,
    name String,
    step_names Array(String),
    window_seconds UInt32,
    copied_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(copied_at)
ORDER BY (project_id, funnel_id);

-- Which batches the tables of lens hold, written when a build has succeeded.
CREATE TABLE IF NOT EXISTS lens_staging.built_batches
(
    batch_id String,
    build_id String,
    built_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(built_at)
ORDER BY batch_id;

-- Days of a batch that were built before the others: a batch over far-apart days takes several runs.
CREATE TABLE IF NOT EXISTS lens_staging.built_batch_days
(
    batch_id String,
    day Date,
    build_id String,
    built_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(built_at)
ORDER BY (batch_id, day)
TTL toDateTime(built_at) + INTERVAL 90 DAY;

-- The settings a project's days were last built with; a difference touches all its days.
CREATE TABLE IF NOT EXISTS lens_staging.built_projects
(
    project_id String,
    settings_hash UInt64,
    built_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(built_at)
ORDER BY project_id;

-- Every finished build: answers are kept until the next one.
CREATE TABLE IF NOT EXISTS lens_staging.builds
(
    build_id String,
    finished_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY finished_at;

-- What a running build set out to do: the batches it saw landed and the days they touch. A row with a project stands for
-- that project's changed settings, and its batch_id is a name for that change.
CREATE TABLE IF NOT EXISTS lens_staging.planned_batches
(
    build_id String,
    batch_id String,
    project_id String,
    settings_hash UInt64,
    days Array(Date),
    receive_days Array(Date),
    planned_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (build_id, batch_id)
TTL toDateTime(planned_at) + INTERVAL 7 DAY;
