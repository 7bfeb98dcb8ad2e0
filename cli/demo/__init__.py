"""`make demo`: the whole path once, as a newcomer would walk it."""
