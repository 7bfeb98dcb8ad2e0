"""Triggers: a sensor for landed batches, a schedule for every night."""
