#!/usr/bin/env -S python3 -P
"""dbt as a child that ends with its build: left alone, it would go on writing tables beside the next one."""

import os
import threading
import time

PARENT = "EVENTLENS_DBT_PARENT"
SECONDS_BETWEEN_LOOKS = 0.2


def end_with(parent: int) -> None:
    """Ends this process when `parent` is not its parent any more, whatever it is doing."""
    while os.getppid() == parent:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(1)


if __name__ == "__main__":
    if PARENT in os.environ:
        threading.Thread(target=end_with, args=(int(os.environ[PARENT]),), daemon=True).start()
    # After the watch has begun: dbt takes seconds to import.
    from dbt.cli.main import cli

    cli()
