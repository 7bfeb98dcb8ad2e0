"""`eventlens notebook`: opens JupyterLab on a home's data, and starts the warehouse if it does not run yet."""

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from chdb_server.data_folder import owned
from cli.console import console, progress_bar
from event_lens.asgi import LOOPBACK
from event_lens.errors import Refused
from event_lens.processes import free_ports, running
from event_lens.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
FIRST = "first_look.ipynb"
# JupyterLab fetches neither news nor updates from the network.
LAB = (
    *("--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url="),
    *("--LabApp.extension_manager=readonly", f"--ServerApp.ip={LOOPBACK}"),
)


def open_notebooks(
    settings: Settings, environ: Mapping[str, str], *, project: str = "", port: int, opens_browser: bool
) -> int:
    """Serve JupyterLab until Ctrl-C and return its exit code; blocks. Notebooks ask about `project` if it is given.

    Raises `Refused` when the home or JupyterLab is missing (`jupyter_missing`).
    """
    if not (settings.home / "registry.db").exists() and settings.is_embedded:
        raise Refused(
            f"{settings.home} is not the home of an Event Lens. `make demo` makes one with data in .eventlens-demo, "
            "which `make notebook` opens.",
            code="home_missing",
        )
    if importlib.util.find_spec("jupyterlab") is None:
        raise Refused(
            "JupyterLab is not installed: `make notebook` installs it, or `pip install -r requirements-dev.txt`.",
            code="jupyter_missing",
        )
    known = dict(environ) | {"EVENTLENS_HOME": str(settings.home.absolute()), "PYTHONPATH": f"{ROOT}:{NOTEBOOKS}"}
    known |= {"EVENTLENS_QUERY_PROJECT": project} if project else {}
    lab = [sys.executable, "-m", "jupyterlab", *LAB, f"--ServerApp.port={port}", f"--ServerApp.root_dir={NOTEBOOKS}"]
    # A container's user often is root; the server is open to this machine only, and requires a token.
    lab += ["--allow-root"] if os.geteuid() == 0 else []
    lab += [f"--LabApp.default_url=/lab/tree/{FIRST}", *([] if opens_browser else ["--no-browser"])]
    with ExitStack() as stack:
        if settings.is_embedded and not _is_served(settings):
            known |= _ports_of_its_own()
            ping = f"http://{LOOPBACK}:{known['EVENTLENS_WAREHOUSE_PORT']}/ping"
            with progress_bar("Starting the warehouse"):
                stack.enter_context(running("warehouse", known, ping, _log(settings)))
        console.print("JupyterLab follows; Ctrl-C twice ends it.", highlight=False)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        process = subprocess.Popen(lab, env=known)
        stack.callback(process.terminate)
        while process.poll() is None:
            try:
                process.wait()
            except KeyboardInterrupt:
                continue  # JupyterLab handles Ctrl-C too, and would ask for confirmation.
        return process.returncode


def _is_served(settings: Settings) -> bool:
    try:
        with owned(settings.home / "warehouse"):
            return False
    except Refused:
        return True


def _ports_of_its_own() -> dict[str, str]:
    """Return settings that give the warehouse free ports, so that another home may be served at the same time."""
    warehouse, native = free_ports(2)
    return {"EVENTLENS_WAREHOUSE_PORT": str(warehouse), "EVENTLENS_WAREHOUSE_NATIVE_PORT": str(native)}


def _log(settings: Settings) -> Path:
    folder = settings.home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "warehouse.log"
