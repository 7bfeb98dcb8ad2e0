"""`make demo`: goes the whole way from an event to an answer once, as a newcomer would."""
