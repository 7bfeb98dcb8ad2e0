-- Rows land faster (docs/decisions/0014-text-in-raw.md). A value of a LowCardinality column is looked up in a dictionary when
-- it lands and again whenever parts merge; the models look it up once, when they read.
ALTER TABLE lens_raw.events
    MODIFY COLUMN device_kind String,
    MODIFY COLUMN origin String,
    MODIFY COLUMN referrer_name String,
    MODIFY COLUMN referrer_type String,
    MODIFY COLUMN utm_source String,
    MODIFY COLUMN utm_medium String,
    MODIFY COLUMN utm_campaign String,
    MODIFY COLUMN click_id String,
    MODIFY COLUMN country String,
    MODIFY COLUMN region String,
    MODIFY COLUMN city String,
    MODIFY COLUMN os String,
    MODIFY COLUMN os_version String,
    MODIFY COLUMN browser String,
    MODIFY COLUMN browser_version String,
    MODIFY COLUMN device String,
    MODIFY COLUMN brand String,
    MODIFY COLUMN model String,
    MODIFY COLUMN language String,
    MODIFY COLUMN currency String,
    MODIFY COLUMN sdk_name String,
    MODIFY COLUMN sdk_version String,
    MODIFY COLUMN bot_reason String;

-- A row is merged fewer times on its way into a large part.
ALTER TABLE lens_raw.events MODIFY SETTING merge_selector_base = 15, merge_selector_window_size = 1000;
