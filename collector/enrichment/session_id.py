"""The session that an event will be in, foreseen when it arrives. Only a build knows where sessions begin."""

from hashlib import md5

from collector.enrichment.context import ProjectSettings


def foreseen_session_id(project: ProjectSettings, device_id: str, at_ms: int) -> str:
    """Return the id that a session has if it begins after a pause, in the same stretch of time as an event at `at_ms`.

    Stretches are as long as the project's timeout, from 1970 on, so no two of these sessions of a device begin in one.
    The macro `in_sessions` has the same definition. Senders without a device get an id too: the published client holds
    recordings back until it has one.
    """
    stretch = at_ms // (project.session_timeout_seconds * 1000)
    text = f"{project.project_id}\0{device_id}\0{stretch}".encode("utf-8", "surrogatepass")
    return str(int.from_bytes(md5(text, usedforsecurity=False).digest()[:8], "big"))
