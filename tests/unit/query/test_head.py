"""HEAD is answered like GET, without a body."""

from collections.abc import Callable
from time import monotonic

import httpx
import pytest

from tests.unit.query.sample_projects import World
from tests.unit.query.test_export import SEASON

VARYING = ("date", "x-request-id", "transfer-encoding", "content-length")


@pytest.mark.parametrize(
    "path",
    ["/health", "/", "/schema", "/insights/{project}/pages", "/insights/{project}/page", "/export/{project}/csv"],
)
@pytest.mark.parametrize("key", ["random", "none"])
def test_head_has_status_and_headers_of_get_and_no_body(world: World, path: str, key: str) -> None:
    url = world.url + path.format(project=world.projects["random"].project_id)
    written = SEASON if "{" in path else {}
    ways: list[Callable[..., httpx.Response]] = [httpx.get, httpx.head]
    get, head = (way(url, headers=world.keys.get(key), params=written) for way in ways)
    assert head.content == b""
    assert head.status_code == get.status_code
    told, same = ({name: each.headers[name] for name in each.headers if name not in VARYING} for each in (get, head))
    assert same == told


def test_head_of_a_stream_ends(world: World) -> None:
    started, url = monotonic(), f"{world.url}/insights/{world.projects['random'].project_id}/stream"
    told = httpx.head(url, headers=world.keys["random"], timeout=30)
    assert (told.status_code, told.headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
    assert monotonic() - started < 30


def test_head_of_what_takes_another_method_is_refused(world: World) -> None:
    url = f"{world.url}/insights/{world.projects['random'].project_id}/query"
    assert httpx.head(url, headers=world.keys["random"]).status_code == 405
