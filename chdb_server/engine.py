"""ClickHouse's server in this process: chDB's `clickhouse-local`, made to listen, and kept running until it is closed.

`SYSTEM START LISTEN` starts the server's own HTTP and native handlers (ClickHouse pull request 101143). `import chdb`
opens another kind of server, in which that statement is refused, so the extension module is loaded by its path. The
next statement reads a pipe that never has data. When the pipe is closed, the statement ends, and the server with it.
"""

import contextlib
import importlib.machinery
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from types import ModuleType

# While the statement waits, no other statement can run as its user (`config.HOLDER`). A statement that arrives between
# listening and waiting makes a wait fail, and then the next wait is tried.
_WAITS = 200
_MICROSECONDS_BETWEEN_LOOKS = 10_000_000


class Engine:
    """The server over `data`, configured by `config.xml` and `users.xml` in `configuration`.

    `confine` runs in the engine's first thread before it opens anything; its restrictions are inherited by all threads
    that the engine starts.
    """

    def __init__(self, data: Path, configuration: Path, confine: Callable[[], object]) -> None:
        self._data = data
        self._configuration = configuration
        self._confine = confine
        self._failure = ""
        self._ended = Event()
        self._waiting, self._closing = os.pipe()
        # A daemon thread, so that an error elsewhere ends the process; acknowledged data is on disk.
        self._thread = Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        """Start the server; it listens some time later, or `has_ended` becomes true."""
        self._thread.start()

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    @property
    def failure(self) -> str:
        """Return the server's own message about why it ended by itself."""
        return self._failure

    def close(self, within_seconds: float) -> bool:
        """End the server and its running statements, and return whether it has ended in time; blocks."""
        with contextlib.suppress(OSError):
            os.close(self._closing)
        return self._ended.wait(within_seconds)

    def _run(self) -> None:
        try:
            # The module looks for its libraries in the working directory.
            module = _load()
            module.set_signal_handlers_enabled(False)
            os.chdir(self._configuration)
            self._confine()
            # Otherwise the statement checks its progress ten times a second.
            wait = (
                f"SELECT count() FROM file('/dev/fd/{self._waiting}', LineAsString, 'line String')"
                f" SETTINGS interactive_delay = {_MICROSECONDS_BETWEEN_LOOKS};"
            )
            # Without the last statement, the end of the server ends the process, too.
            script = (
                "CREATE DATABASE IF NOT EXISTS default; SYSTEM START LISTEN QUERIES ALL; "
                f"{wait * _WAITS} SYSTEM STOP LISTEN QUERIES ALL"
            )
            result = module.query(script, "TabSeparated", path=str(self._data))
            if result.has_error():
                self._failure = str(result.error_message())
        except (RuntimeError, OSError, ImportError) as error:
            self._failure = str(error)
        finally:
            self._ended.set()


def _load() -> ModuleType:
    found = importlib.machinery.PathFinder.find_spec("chdb")
    if found is None or not found.submodule_search_locations:
        raise ImportError("The package chdb is not installed. Run `make setup`.")
    for folder in found.submodule_search_locations:
        library = Path(folder) / "_chdb.abi3.so"
        if library.exists():
            os.chdir(folder)
            spec = importlib.util.spec_from_file_location("_chdb", library)
            if spec is None or spec.loader is None:
                raise ImportError(f"{library} cannot be loaded.")
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    raise ImportError("The package chdb has no engine. Run `make setup`.")
