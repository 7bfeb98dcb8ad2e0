"""History from elsewhere: files to the same raw rows that the collector writes."""
