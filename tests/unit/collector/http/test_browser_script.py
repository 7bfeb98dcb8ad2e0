"""The script that pages carry: cached, and OpenPanel's own but for the lines around it."""

import httpx
import pytest

from collector.http.browser_script import FOLDER, script_text
from tests.sdks.client_process import NODE
from tests.unit.collector.conftest import CollectorProcess


@pytest.mark.parametrize("path", ["/op1.js", "/api/v1/op1.js"])
def test_the_script_is_served_to_every_page_and_may_be_cached(collector: CollectorProcess, path: str) -> None:
    answer = httpx.get(f"{collector.url}{path}", headers={"origin": "https://any.example"})
    assert answer.status_code == 200
    assert answer.content == script_text()
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers.get_list("cache-control") == ["public, max-age=3600, stale-while-revalidate=86400"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.content) < 16_000


def test_other_answers_are_still_not_stored(collector: CollectorProcess) -> None:
    assert httpx.get(f"{collector.url}/health").headers.get_list("cache-control") == ["no-store"]


@pytest.mark.parametrize("asked", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
def test_a_browser_that_has_the_script_gets_304(collector: CollectorProcess, asked: str) -> None:
    tag = httpx.get(f"{collector.url}/op1.js").headers["etag"]
    answer = httpx.get(f"{collector.url}/op1.js", headers={"if-none-match": asked.format(tag=tag)})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert "max-age" in answer.headers["cache-control"]


def test_a_browser_that_has_another_script_gets_the_current_one(collector: CollectorProcess) -> None:
    answer = httpx.get(f"{collector.url}/op1.js", headers={"if-none-match": '"other"'})
    assert (answer.status_code, answer.content) == (200, script_text())


def test_head_is_answered_and_other_methods_are_refused(collector: CollectorProcess) -> None:
    head = httpx.head(f"{collector.url}/op1.js")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(script_text())))
    refused = httpx.post(f"{collector.url}/op1.js")
    assert (refused.status_code, refused.json()["error"]["code"]) == (405, "method_not_allowed")
    assert refused.headers["allow"] == "GET, HEAD, OPTIONS"


def test_the_scripts_licence_is_at_its_head() -> None:
    notice = (FOLDER / "LICENSE-openpanel-web.txt").read_text().strip()
    assert "MIT License" in notice
    assert script_text().decode().startswith(f"/*! @openpanel/web\n{notice}\n*/")


def test_the_tracker_is_the_published_one() -> None:
    package = NODE / "node_modules" / "@openpanel" / "web"
    if not package.exists():
        pytest.skip("the clients' packages are missing; `make test` installs them where there is npm")
    assert (FOLDER / "openpanel-web.js").read_bytes() == (package / "dist" / "src" / "tracker.global.js").read_bytes()
    assert (FOLDER / "LICENSE-openpanel-web.txt").read_bytes() == (package / "LICENSE").read_bytes()
