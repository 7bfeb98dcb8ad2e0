"""Alerts people when a problem begins, and once more when it ends."""
