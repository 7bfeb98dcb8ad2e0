"""Definitions of a project: funnels, retentions, cohorts and goals, and the filters they share."""
