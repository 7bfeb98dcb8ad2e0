"""Writes the pages that follow from the code: settings, monitoring, tables, metrics and others."""
