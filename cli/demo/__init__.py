"""`make demo`: the whole path from an event to an answer once, as a newcomer would walk it."""
