"""The warehouse's own page in a real Chromium, as somebody without a client asks there."""

from pathlib import Path

from tests.sdks.browser_visit import find_chromium
from tests.sdks.client_process import run_scenario

NODE = Path(__file__).resolve().parents[1] / "unit" / "node"


def test_an_analyst_asks_on_the_page_and_is_told_what_is_refused(guarded_url: str) -> None:
    answered, refused = run_scenario(
        str(NODE / "analyst.mjs"),
        "play",
        folder=NODE,
        executable=find_chromium(NODE),
        base=guarded_url,
        statements=["SELECT 40 + 2 AS answer", "SELECT * FROM lens_raw.events"],
    )
    assert "answer" in answered
    assert "42" in answered
    assert "ACCESS_DENIED" in refused
