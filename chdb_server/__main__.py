"""`python -m chdb_server`: the embedded warehouse as a process of its own."""

import os
import sys

from chdb_server import serve
from event_lens.data_dir import write_for_owner_only
from event_lens.env_file import load_env_file
from event_lens.errors import EventLensError
from event_lens.settings import read_settings


def main() -> int:
    write_for_owner_only()
    try:
        load_env_file(os.environ)
        serve(read_settings(os.environ))
    except EventLensError as error:
        sys.stderr.write(f"{error.code}: {error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
