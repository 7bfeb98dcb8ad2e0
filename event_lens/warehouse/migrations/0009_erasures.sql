-- Who is erased, up to when, as hashes: nothing that lands, is built or is read may show them again. `erasure_key` has the
-- key of the hashes, the registry's. A row of kind `anonymous` speaks of what a device did without a profile.
CREATE TABLE IF NOT EXISTS lens_raw.erasure_key
(
    key0 UInt64,
    key1 UInt64
)
ENGINE = ReplacingMergeTree
ORDER BY (key0, key1)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS lens_raw.erased_ids
(
    project_id String,
    kind LowCardinality(String),
    id_hash UInt64,
    from_at DateTime64(3, 'UTC'),
    until_at DateTime64(3, 'UTC'),
    erasure_id String
)
ENGINE = ReplacingMergeTree
ORDER BY (project_id, id_hash, kind, from_at, until_at, erasure_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Raw rows, and whether each is of somebody erased: it happened or was received before they asked for it. Most projects
-- have no one erased, and pay for one look-up of their id. `*` names the columns there are when a view is made: a migration
-- that adds one to raw makes the views anew.
CREATE VIEW IF NOT EXISTS lens_raw.marked_events AS
WITH
    assumeNotNull((SELECT (max(key0), max(key1)) FROM lens_raw.erasure_key)) AS erasure_key,
    (
        SELECT groupArray((id_hash, toUnixTimestamp64Milli(last_until_at)))
        FROM (
            SELECT id_hash, max(until_at) AS last_until_at
            FROM lens_raw.erased_ids WHERE from_at = toDateTime64(0, 3, 'UTC')
            GROUP BY id_hash
        )
    ) AS ids,
    (
        SELECT groupUniqArray((id_hash, from_at, until_at))
        FROM lens_raw.erased_ids WHERE from_at > toDateTime64(0, 3, 'UTC')
    ) AS stretches
SELECT
    *,
    project_id IN (SELECT project_id FROM lens_raw.erased_ids) AND (
        toUnixTimestamp64Milli(least(created_at, received_at)) <= greatest(
            transform(sipHash64Keyed(erasure_key, project_id, 'profile', profile_id), ids.1, ids.2, toInt64(0)),
            transform(sipHash64Keyed(erasure_key, project_id, 'device', device_id), ids.1, ids.2, toInt64(0)),
            if(profile_id = '', transform(sipHash64Keyed(erasure_key, project_id, 'anonymous', device_id), ids.1, ids.2, toInt64(0)), 0)
        )
        OR (
            profile_id = ''
            AND sipHash64Keyed(erasure_key, project_id, 'anonymous', device_id) IN (
                SELECT id_hash FROM lens_raw.erased_ids WHERE from_at > toDateTime64(0, 3, 'UTC')
            )
            AND arrayExists(
                stretch -> stretch.1 = sipHash64Keyed(erasure_key, project_id, 'anonymous', device_id)
                    AND created_at >= stretch.2 AND least(created_at, received_at) <= stretch.3,
                stretches
            )
        )
    ) AS is_erased
FROM lens_raw.events;

CREATE VIEW IF NOT EXISTS lens_raw.kept_events AS
SELECT * EXCEPT (is_erased) FROM lens_raw.marked_events WHERE NOT is_erased;

CREATE VIEW IF NOT EXISTS lens_raw.marked_operations AS
WITH
    assumeNotNull((SELECT (max(key0), max(key1)) FROM lens_raw.erasure_key)) AS erasure_key,
    (
        SELECT groupArray((id_hash, toUnixTimestamp64Milli(last_until_at)))
        FROM (
            SELECT id_hash, max(until_at) AS last_until_at
            FROM lens_raw.erased_ids WHERE from_at = toDateTime64(0, 3, 'UTC')
            GROUP BY id_hash
        )
    ) AS ids,
    (
        SELECT groupUniqArray((id_hash, from_at, until_at))
        FROM lens_raw.erased_ids WHERE from_at > toDateTime64(0, 3, 'UTC')
    ) AS stretches
SELECT
    *,
    project_id IN (SELECT project_id FROM lens_raw.erased_ids) AND (
        toUnixTimestamp64Milli(least(created_at, received_at)) <= greatest(
            transform(sipHash64Keyed(erasure_key, project_id, 'profile', profile_id), ids.1, ids.2, toInt64(0)),
            transform(sipHash64Keyed(erasure_key, project_id, 'device', device_id), ids.1, ids.2, toInt64(0)),
            if(profile_id = '', transform(sipHash64Keyed(erasure_key, project_id, 'anonymous', device_id), ids.1, ids.2, toInt64(0)), 0),
            transform(sipHash64Keyed(erasure_key, project_id, 'profile', alias), ids.1, ids.2, toInt64(0))
        )
        OR (
            profile_id = ''
            AND sipHash64Keyed(erasure_key, project_id, 'anonymous', device_id) IN (
                SELECT id_hash FROM lens_raw.erased_ids WHERE from_at > toDateTime64(0, 3, 'UTC')
            )
            AND arrayExists(
                stretch -> stretch.1 = sipHash64Keyed(erasure_key, project_id, 'anonymous', device_id)
                    AND created_at >= stretch.2 AND least(created_at, received_at) <= stretch.3,
                stretches
            )
        )
    ) AS is_erased
FROM lens_raw.profile_operations;

CREATE VIEW IF NOT EXISTS lens_raw.kept_operations AS
SELECT * EXCEPT (is_erased) FROM lens_raw.marked_operations WHERE NOT is_erased;

-- From which day on a project's days are open: those before are as they were built, because raw or events of them are dropped
-- or soon will be. Dates never go back; the newest row of a project counts.
CREATE TABLE IF NOT EXISTS lens_raw.closed_days
(
    project_id String,
    closed_before Date,
    raw_before Date,
    events_before Date,
    profiles_before Date,
    noted_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(noted_at)
ORDER BY project_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
