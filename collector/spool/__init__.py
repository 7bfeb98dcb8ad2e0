"""The spool: rows on disk, from the acknowledgement until they are loaded."""
