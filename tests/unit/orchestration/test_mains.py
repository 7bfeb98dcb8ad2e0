"""Dagster's processes, as a pod starts each of them by itself."""

import os
from collections.abc import Iterator
from types import ModuleType

import pytest
import uvicorn

from orchestration import code_server, daemon, webserver
from orchestration.webserver import QuietServer
from tests.ports import free_port


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
@pytest.mark.parametrize("process", [code_server, daemon, webserver])
def test_files_of_a_process_are_for_their_owner_only(process: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTLENS_DAGSTER_PORT", "none")
    with pytest.raises(SystemExit, match="EVENTLENS_DAGSTER_PORT"):
        process.main()
    assert os.umask(0o022) == 0o077


def test_a_web_server_that_cannot_start_exits_with_3() -> None:
    async def fail(scope: object, receive: object, send: object) -> None:
        raise OSError

    server = QuietServer(uvicorn.Config(fail, port=free_port(), lifespan="on", log_level="critical"))
    with pytest.raises(SystemExit) as ended:
        server.run()
    assert ended.value.code == 3
