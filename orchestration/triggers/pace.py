"""Decides how soon after a build the next one may start by itself: builds take half of the time at most."""

MAX_REST_SECONDS = 30.0


def rest_seconds(started: float, ended: float, now: float) -> float:
    """Return how many seconds the next build still waits after one from `started` to `ended`: as long as that build
    took, half a minute at most. Under steady traffic there is always an unbuilt batch, and every build has the fixed
    cost of its tables.
    """
    return max(0.0, min(ended - started, MAX_REST_SECONDS) - (now - ended))
