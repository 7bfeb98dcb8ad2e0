"""The page of metrics holds what the cases say."""

from docs.generate import metrics
from tests.spec.cases import CASES


def test_every_case_is_on_the_page() -> None:
    page = metrics.metrics_page()
    assert [case.rule for case in CASES.values() if f"\n### {case.rule}\n" not in page] == []
