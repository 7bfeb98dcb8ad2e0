-- Projects that builds leave out because a build of theirs failed (docs/decisions/0028-set-aside.md); the newest row of a
-- project counts. `settings_hash` and `version` are what the last try was made with: its settings and definitions, and the
-- program.
CREATE TABLE IF NOT EXISTS lens_staging.set_aside_projects
(
    project_id String,
    is_set_aside UInt8,
    model String,
    reason String,
    settings_hash UInt64,
    version String,
    tries UInt16,
    build_id String,
    since DateTime64(3, 'UTC'),
    tried_at DateTime64(3, 'UTC'),
    noted_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(noted_at)
ORDER BY project_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Days of projects that builds took their batches in without: what a project is built anew for when it is tried again.
CREATE TABLE IF NOT EXISTS lens_staging.pending_days
(
    project_id String,
    days Array(Date),
    receive_days Array(Date),
    landed_at DateTime64(3, 'UTC'),
    noted_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (project_id, noted_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Which projects a statement of a build is about, or is not about.
CREATE TABLE IF NOT EXISTS lens_staging.chosen_projects
(
    choice_id String,
    project_id String,
    chosen_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (choice_id, project_id)
TTL toDateTime(chosen_at) + INTERVAL 7 DAY;
