"""Tells people what is wrong, once, and once more when it is over."""
