"""Enrichment: makes rows of events, with device, place and source, and without what must not be kept."""
