"""How many connections a serving process holds at once: its limit of open files, minus the files that the process
itself opens.
"""

import resource

MAX_CONNECTIONS = 8_192
OWN_FILES = 256
"""Segments, databases, logs and pipes: connections leave room for these files, so that a crowd cannot stop writing to
disk.
"""

WAITING_CONNECTIONS = 1_024


def most_connections() -> int:
    """Raise this process's limit of open files as far as possible, and return the largest number of connections to
    accept.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + OWN_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return min(MAX_CONNECTIONS, max(soft - OWN_FILES, soft // 2))
