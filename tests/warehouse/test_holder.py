"""The user without a password, as whom one statement holds the server, is of use to nobody else."""

import httpx
import pytest

from event_lens.warehouse.access import read_access
from tests.conftest import EmbeddedServer

pytestmark = pytest.mark.usefixtures("only_embedded")


@pytest.mark.parametrize("setting", ["format_template_row", "format_template_resultset", "format_schema"])
@pytest.mark.parametrize("profile", [{}, {"profile": "default"}])
def test_no_file_is_read_for_a_table_sent_along(
    embedded_warehouse: EmbeddedServer, setting: str, profile: dict[str, str]
) -> None:
    """The server reads such a table before it looks whether the statement may run."""
    file = embedded_warehouse.home / "warehouse" / "metadata" / "default.sql"
    assert "Atomic" in file.read_text()
    form = "Protobuf" if setting == "format_schema" else "Template"
    fields = {"user": "default", "query": "SELECT 1", "x_structure": "a UInt8", "x_format": form, setting: str(file)}
    port = read_access(embedded_warehouse.home).http_port
    for url in (f"http://127.0.0.1:{port}", embedded_warehouse.guarded_url):
        answer = httpx.post(url, params={**profile, **fields}, files={"x": b"1\n"}, timeout=30)
        assert answer.headers["x-clickhouse-exception-code"] in ("452", "516"), answer.text
        assert "Atomic" not in answer.text


@pytest.mark.parametrize("query", ["user=default", "user=default&user=nobody", "user=nobody&user=default"])
def test_the_guard_lets_nobody_log_in_as_the_holder(embedded_warehouse: EmbeddedServer, query: str) -> None:
    answer = httpx.post(f"{embedded_warehouse.guarded_url}/?{query}", content="SELECT 1")
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (403, "516")


@pytest.mark.parametrize("name", ["%ff", "%ED%A0%80"])
def test_a_name_that_is_not_utf8_is_an_unknown_one(embedded_warehouse: EmbeddedServer, name: str) -> None:
    answer = httpx.post(f"{embedded_warehouse.guarded_url}/?user={name}", content="SELECT 1")
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (403, "516")


@pytest.mark.parametrize("setting", ["max_query_size", "max_parser_depth", "max_parser_backtracks"])
def test_the_holder_cannot_have_a_longer_text_parsed(embedded_warehouse: EmbeddedServer, setting: str) -> None:
    fields = {"user": "default", setting: str(1 << 40)}
    port = read_access(embedded_warehouse.home).http_port
    answer = httpx.post(f"http://127.0.0.1:{port}", params=fields, content="SELECT 1", timeout=30)
    assert answer.headers["x-clickhouse-exception-code"] == "452", answer.text
