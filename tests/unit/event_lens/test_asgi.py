"""Where a server may listen is looked at before it starts."""

from socket import create_server

import pytest

from event_lens.asgi import check_port
from event_lens.errors import Refused, Unavailable
from tests.ports import free_port


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "127.0.0.2", "::1"])
def test_a_free_port_of_this_machine_will_do(host: str) -> None:
    check_port(free_port(), "EVENTLENS_QUERY_PORT", host)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_port_that_somebody_listens_on_is_taken(host: str) -> None:
    with create_server(("127.0.0.1", 0)) as server, pytest.raises(Unavailable, match="EVENTLENS_QUERY_PORT") as taken:
        check_port(server.getsockname()[1], "EVENTLENS_QUERY_PORT", host)
    assert taken.value.code == "port_taken"


@pytest.mark.parametrize("part", ["QUERY", "WAREHOUSE"])
def test_an_address_of_another_machine_is_told_apart_from_a_taken_port(part: str) -> None:
    setting = "EVENTLENS_HOST" if part == "QUERY" else "EVENTLENS_WAREHOUSE_HOST"
    with pytest.raises(Refused, match=f"192.0.2.1 is not an address of this machine. Set {setting}") as foreign:
        check_port(free_port(), f"EVENTLENS_{part}_PORT", "192.0.2.1")
    assert foreign.value.code == "host_foreign"
