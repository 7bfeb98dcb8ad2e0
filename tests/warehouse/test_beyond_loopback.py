"""A warehouse that other machines reach has a password for everybody."""

from pathlib import Path

import httpx
import pytest

from event_lens.registry.database import open_registry
from event_lens.registry.sql_users import create_sql_user, revoke_sql_user
from event_lens.settings import read_settings
from tests.conftest import EmbeddedServer

pytestmark = pytest.mark.usefixtures("only_embedded")
BEYOND = {"EVENTLENS_WAREHOUSE_HOST": "0.0.0.0"}


def test_the_warehouse_refuses_to_start_while_the_analyst_has_no_password(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "home", **BEYOND)
    _, told = server.process.communicate(timeout=60)
    assert server.process.returncode == 1
    assert "warehouse_without_passwords" in told
    assert "eventlens sql-user create analyst" in told


def test_nobody_gets_in_without_a_password_even_after_the_analyst_is_revoked(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    home = tmp_path / "home"
    registry = open_registry(read_settings({"EVENTLENS_HOME": str(home)}))
    request.addfinalizer(registry.close)
    _, password = create_sql_user(registry, "analyst", (), is_for_all_projects=True)
    server = EmbeddedServer(home, **BEYOND)
    request.addfinalizer(server.stop)
    server.wait()

    def ask(key: str) -> httpx.Response:
        headers = {"X-ClickHouse-User": "analyst", "X-ClickHouse-Key": key, "Host": "warehouse.example.com"}
        return httpx.post(f"{server.guarded_url}/", content="SELECT 1", headers=headers)

    assert ask(password).text == "1\n"
    assert ask("").status_code == 403
    revoke_sql_user(registry, "analyst")
    assert ask("").status_code == 403
    assert ask(password).status_code == 403


def test_text_that_is_not_an_address_is_refused(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "home", EVENTLENS_WAREHOUSE_HOST="everywhere")
    _, told = server.process.communicate(timeout=60)
    assert server.process.returncode == 1
    assert "EVENTLENS_WAREHOUSE_HOST" in told
