"""Triggers: a sensor for what has landed, a schedule for every night."""
