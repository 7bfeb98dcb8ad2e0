"""Dagster's code server, one for each home, as a process: `python -m orchestration.code_server`."""

import os
import sys

from event_lens.data_dir import write_for_owner_only
from event_lens.env_file import load_env_file
from event_lens.errors import EventLensError
from event_lens.file_lock import try_lock
from event_lens.settings import read_settings
from orchestration.dagster_home import prepare_dagster_home
from orchestration.serve import CODE_LOCK, CODE_SOCKET, another_runs, socket_path


def main() -> None:
    """Run the code server; print an error that the user can fix as one line and exit with 1."""
    write_for_owner_only()
    try:
        load_env_file(os.environ)
        settings = read_settings(os.environ)
        home = prepare_dagster_home(settings)
        # Taken first: the lock tells page and daemon, which start at the same time, that there is a server to wait for.
        lock = try_lock(home / CODE_LOCK)
        if lock is None:
            raise another_runs(home)
        socket_path(home, CODE_SOCKET).unlink(missing_ok=True)
        os.environ["DAGSTER_HOME"] = str(home)
        from orchestration.resident import serve_everything

        serve_everything(home, lock, settings)
    except EventLensError as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main()
