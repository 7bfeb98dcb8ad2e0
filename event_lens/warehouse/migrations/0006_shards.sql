-- Projects whose rows on this shard do not count for questions over all shards: they are on another one, or on their way here.
CREATE TABLE IF NOT EXISTS lens_raw.hidden_projects
(
    project_id String,
    is_hidden UInt8,
    noted_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(noted_at)
ORDER BY project_id;
