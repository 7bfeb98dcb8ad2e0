-- The settings that a project's tables follow: answers keep to them until a build with changed ones has finished. Empty
-- columns are those of a build from before they were noted.
ALTER TABLE lens_staging.built_projects
    ADD COLUMN IF NOT EXISTS timezone String,
    ADD COLUMN IF NOT EXISTS currency String,
    ADD COLUMN IF NOT EXISTS session_timeout_seconds UInt32,
    ADD COLUMN IF NOT EXISTS duplicate_window_ms UInt32,
    ADD COLUMN IF NOT EXISTS allowed_bots Array(String);
