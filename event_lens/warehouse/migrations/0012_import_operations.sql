-- How many identify, alias and group calls an import brought beside its events.
ALTER TABLE lens_raw.imports ADD COLUMN IF NOT EXISTS operation_count UInt64 AFTER bot_count;
