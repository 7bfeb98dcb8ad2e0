"""Enrichment: turns events into rows, adds device, place and source, and removes everything that must not be stored."""
