-- A refusal's message may quote what was sent, so it goes when the body goes.
ALTER TABLE lens_raw.quarantine MODIFY COLUMN message String TTL toDateTime(received_at) + INTERVAL 30 DAY;
