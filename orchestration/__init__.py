"""Dagster: decides when builds and jobs run, but never what the tables mean."""
