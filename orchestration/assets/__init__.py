"""Assets: raw tables, the registry's copy, the dbt models, and the end of a build."""
