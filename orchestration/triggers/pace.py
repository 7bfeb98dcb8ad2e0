"""Decides how soon after a build the next build may start by itself. Automatic builds take at most half of the time."""

MAX_REST_SECONDS = 30.0


def rest_seconds(started: float, ended: float, now: float) -> float:
    """Return how many seconds the next build still has to wait after a build from `started` to `ended`. It waits as
    long as that build took, but half a minute at most. Under steady traffic there is always an unbuilt batch, and every
    build has the fixed cost of its tables.
    """
    return max(0.0, min(ended - started, MAX_REST_SECONDS) - (now - ended))
