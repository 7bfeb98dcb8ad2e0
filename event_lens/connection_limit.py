"""How many connections a serving process holds at once: as many as it may open files, less those it works with."""

import resource

MAX_CONNECTIONS = 8_192
OWN_FILES = 256
"""Segments, databases, logs and pipes: connections leave room for them, so that a crowd cannot stop the disk."""

WAITING_CONNECTIONS = 1_024


def most_connections() -> int:
    """Raises this process's limit of open files as far as it may; returns how many of them connections may take."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + OWN_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return min(MAX_CONNECTIONS, max(soft - OWN_FILES, soft // 2))
