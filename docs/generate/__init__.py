"""Pages that are written from the code: settings, monitoring, tables, metrics."""
