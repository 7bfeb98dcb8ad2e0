"""Alerts people of a problem once, and once more at its end."""
