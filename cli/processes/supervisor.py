"""Keeps parts running until it is told to stop: a part that ends is restarted, while the other parts keep running."""

import asyncio
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from cli.processes.child import Child
from cli.processes.lines import shown
from cli.processes.log_files import LogFiles
from cli.processes.terminal import Terminal
from event_lens.process_id import ProcessId

STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
LOOK_SECONDS = 0.1
FIRST_PAUSE_SECONDS = 1.0
MAX_PAUSE_SECONDS = 30.0
# A part that lived this long is healthy: its next end starts a new count.
WELL_AFTER_SECONDS = 60.0
SLOW_AFTER_SECONDS = 60.0
LAST_LINES = 15
"""The number of unshown lines that are printed for a part that ends by itself."""


@dataclass(frozen=True)
class Part:
    """A process of ours, and a check whether it does its work. A part with `is_last` is stopped after the others have
    ended. A part with `is_plain` writes only our logs and errors.
    """

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool]
    is_last: bool = False
    is_plain: bool = True


class EndedEarlyError(Exception):
    """A part ended before everything was ready."""


class Supervisor:
    """Starts a process for each part and, once all parts have been ready, restarts parts that end.

    It stops all of them when it is told to, or when a part ends before all have been ready. `on_change` is called with
    the living processes by part whenever one starts or ends. `on_ready` returns a further line for the terminal only,
    or an empty text.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        environ: Mapping[str, str],
        logs: LogFiles,
        *,
        ready_line: str,
        shows_all: bool,
        on_change: Callable[[dict[str, ProcessId]], None],
        on_ready: Callable[[], str],
    ) -> None:
        self._parts = parts
        self._environ = environ
        self._logs = logs
        self._ready_line = ready_line
        self._shows_all = shows_all
        self._on_change = on_change
        self._on_ready = on_ready
        self._children: dict[str, Child] = {}
        self._hidden: dict[str, deque[str]] = {part.name: deque(maxlen=LAST_LINES) for part in parts}
        self._width = max(len(part.name) for part in parts)

    def run(self) -> int:
        """Block until it is told to stop, or until a part ends before all are ready; return the exit code. It stops at
        SIGINT, SIGTERM and SIGHUP, and when the reader of its output ends (a closed terminal, `head`). If SIGHUP is
        ignored, as under `nohup`, neither SIGHUP nor the reader's end stops it.
        """
        return asyncio.run(self._run())

    async def _run(self) -> int:
        loop = asyncio.get_running_loop()
        self._leaving = asyncio.Event()
        self._is_ready = False
        stays = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        for number in STOPPING:
            if not (stays and number == signal.SIGHUP):
                loop.add_signal_handler(number, self._leaving.set)

        def gone() -> None:
            if not stays:
                loop.call_soon_threadsafe(self._leaving.set)

        self._terminal = Terminal(gone)
        if not stays and self._terminal.pipe is not None:
            loop.add_reader(self._terminal.pipe, self._reader_gone, self._terminal.pipe)
        # One thread per part waits for its end, another one checks whether it is ready.
        self._executor = ThreadPoolExecutor(2 * len(self._parts))
        keeping = [asyncio.ensure_future(self._keep(part)) for part in self._parts]
        announcing = asyncio.ensure_future(self._announce())
        leaving = asyncio.ensure_future(self._leaving.wait())
        await asyncio.wait({*keeping, leaving}, return_when=asyncio.FIRST_COMPLETED)
        early = [task.exception() for task in keeping if task.done()]
        self._leaving.set()
        announcing.cancel()
        await self._stop()
        await asyncio.gather(*keeping, announcing, return_exceptions=True)
        self._say("eventlens", f"{early[0]}" if early and early[0] else "Everything has ended.")
        self._logs.close()
        await asyncio.to_thread(self._terminal.close)
        return 1 if early and early[0] else 0

    def _reader_gone(self, pipe: int) -> None:
        asyncio.get_running_loop().remove_reader(pipe)
        self._leaving.set()

    async def _keep(self, part: Part) -> None:
        """Restart a part whenever it ends. The pauses grow while it keeps ending soon after its start."""
        pause = FIRST_PAUSE_SECONDS
        while not self._leaving.is_set():
            started = time.monotonic()
            self._hidden[part.name].clear()
            child = Child(part.command, self._environ, partial(self._pass_on, part), self._executor)
            self._children[part.name] = child
            self._tell()
            code = await child.ended()
            if self._leaving.is_set():
                return
            del self._children[part.name]
            self._tell()
            for line in self._hidden[part.name]:
                self._to_terminal(part.name, line)
            if not self._is_ready:
                raise EndedEarlyError(f"{part.name} {_how(code)} before everything was ready; its lines say why.")
            pause = FIRST_PAUSE_SECONDS if time.monotonic() - started > WELL_AFTER_SECONDS else pause
            self._say(part.name, f"{_how(code)}; it starts again in {pause:.0f} s, the other parts go on.")
            try:
                await asyncio.wait_for(self._leaving.wait(), pause)
            except TimeoutError:
                pause = min(2 * pause, MAX_PAUSE_SECONDS)

    async def _announce(self) -> None:
        """Say which parts are slow to start, and that all parts are ready; each is said only once."""
        begun = time.monotonic()
        waiting = list(self._parts)
        while waiting:
            ready = await asyncio.gather(*(self._ask(part) for part in waiting))
            waiting = [part for part, is_ready in zip(waiting, ready, strict=True) if not is_ready]
            if waiting and begun and time.monotonic() - begun > SLOW_AFTER_SECONDS:
                self._say("eventlens", f"Still waiting for {', '.join(part.name for part in waiting)}.")
                begun = 0.0
            await asyncio.sleep(LOOK_SECONDS)
        self._is_ready = True
        self._say("eventlens", self._ready_line)
        if line := self._on_ready():
            self._to_terminal("eventlens", line)

    async def _ask(self, part: Part) -> bool:
        return await asyncio.get_running_loop().run_in_executor(self._executor, part.is_ready)

    async def _stop(self) -> None:
        last = {part.name for part in self._parts if part.is_last}
        for is_last in (False, True):
            stopping = [child for name, child in self._children.items() if (name in last) == is_last]
            await asyncio.gather(*(child.stop() for child in stopping))

    def _tell(self) -> None:
        self._on_change({name: child.id for name, child in self._children.items() if child.id is not None})

    def _pass_on(self, part: Part, line: str) -> None:
        self._logs.write(part.name, line)
        if text := line if self._shows_all else shown(line, is_plain=part.is_plain):
            self._to_terminal(part.name, text)
        elif line:
            self._hidden[part.name].append(line)

    def _say(self, name: str, text: str) -> None:
        self._logs.write("eventlens", f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {name}: {text}")
        self._to_terminal(name, text)

    def _to_terminal(self, name: str, text: str) -> None:
        self._terminal.say(f"{time.strftime('%H:%M:%S')} {name:<{self._width}} | {text}")


def _how(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
