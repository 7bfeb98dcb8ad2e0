-- Which checks of the tables failed when they were looked at last, so that answers can say so; the newest row of a check
-- counts. `tables` are what it is about, without database; without `projects` it failed for all of them.
CREATE TABLE IF NOT EXISTS lens_staging.failed_checks
(
    check_name String,
    is_failing UInt8,
    severity LowCardinality(String),
    tables Array(String),
    projects Array(String),
    since DateTime64(3, 'UTC'),
    noted_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(noted_at)
ORDER BY check_name
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
