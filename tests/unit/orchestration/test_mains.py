"""Dagster's processes, as a pod starts each of them by itself."""

import pytest
import uvicorn

from orchestration.webserver import QuietServer
from tests.ports import free_port


def test_a_web_server_that_cannot_start_exits_with_3() -> None:
    async def fail(scope: object, receive: object, send: object) -> None:
        raise OSError

    server = QuietServer(uvicorn.Config(fail, port=free_port(), lifespan="on", log_level="critical"))
    with pytest.raises(SystemExit) as ended:
        server.run()
    assert ended.value.code == 3
