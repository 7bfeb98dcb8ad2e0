"""Tells people of a problem once, and once more when it is over."""
