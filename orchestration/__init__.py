"""Dagster: when things run, never what they mean."""
