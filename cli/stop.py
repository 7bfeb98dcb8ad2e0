"""`eventlens stop`: ends the processes that `eventlens up` started for a home."""

from pathlib import Path

from cli.processes.child import STOP_WITHIN_SECONDS
from cli.processes.record import read_record
from event_lens.errors import Refused, Unavailable
from event_lens.process_id import end_process, is_alive

# The warehouse is stopped after the other parts, and child processes of parts after the parts.
WITHIN_SECONDS = 2 * STOP_WITHIN_SECONDS + 15


def stop_home(home: Path) -> bool:
    """End `up` and its parts and return whether any ran. Blocks until they have ended.

    Only processes with the recorded number and start time are ended. Raises `Unavailable` (`still_running`) when a
    process does not end, `Refused` (`up_of_another`) when the processes are another user's.
    """
    record = read_record(home)
    if record is None:
        return False
    processes = [record.up, *record.parts.values()]
    living = [process for process in processes if is_alive(process)]
    try:
        # If `up` was killed, the system has asked its parts to end, and this waits for them.
        left = [process for process in living if not end_process(process, WITHIN_SECONDS)]
    except PermissionError as error:
        raise Refused(
            f"What runs over {home} is another user's; stop it as that user.", code="up_of_another"
        ) from error
    if left:
        numbers = ", ".join(str(process.pid) for process in left)
        raise Unavailable(f"These processes did not end: {numbers}. Look at them, or kill them.", code="still_running")
    return bool(living)
