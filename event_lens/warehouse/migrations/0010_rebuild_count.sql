-- How often somebody asked for all days of a project to be built anew; a build follows every change of it.
ALTER TABLE lens_raw.project_settings ADD COLUMN IF NOT EXISTS rebuild_count UInt32 AFTER allowed_bots;
