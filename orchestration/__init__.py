"""Dagster: decides when builds and jobs run, never what the tables mean."""
