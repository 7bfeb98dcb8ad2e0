"""Dagster: decides when things run, never what they mean."""
