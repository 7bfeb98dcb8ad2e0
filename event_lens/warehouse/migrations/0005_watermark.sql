-- Batches that the tables of lens hold leave lens_raw.batches and are kept here in short (docs/decisions/0018-watermark.md), so
-- that questions of freshness and plans of builds read only what is not settled. A batch that is copied twice is one row in
-- the end. The copy is on disk before the batch's own row goes.
CREATE TABLE IF NOT EXISTS lens_raw.settled_batches
(
    batch_id String,
    table_name LowCardinality(String),
    landed_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    row_count UInt64 CODEC(T64, ZSTD(1)),
    bot_count UInt64 CODEC(T64, ZSTD(1)),
    import_id LowCardinality(String),
    INDEX landed_at_range landed_at TYPE minmax GRANULARITY 4
)
ENGINE = ReplacingMergeTree
ORDER BY (batch_id, table_name)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
