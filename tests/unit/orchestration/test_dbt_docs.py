"""dbt's documentation of the models: one page, with lineage and descriptions, that fetches nothing."""

import json
import re
from pathlib import Path

from event_lens.settings import read_settings
from orchestration.dbt_docs import write_dbt_docs


def test_the_page_holds_every_model_and_its_lineage_and_lets_nothing_be_fetched(tmp_path: Path) -> None:
    page = write_dbt_docs(read_settings({"EVENTLENS_HOME": str(tmp_path / "home")}))
    text = page.read_text()
    assert page == tmp_path / "home" / "docs" / "index.html"
    assert "default-src 'none'" in text[:1000]
    assert '"send_anonymous_usage_stats": false' in text
    found = re.search(r'"parent_map": (\{.*?\})', text)
    assert found
    parents = json.loads(found[1])
    assert parents["model.event_lens.sources_daily"] == ["model.event_lens.int_sources_daily"]
    assert "model.event_lens.sessions" in parents["model.event_lens.int_sources_daily"]
    assert "the person after stitching" in text.lower()
