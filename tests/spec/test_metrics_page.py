"""The page of metrics is the one that the cases say."""

from docs.generate import metrics
from tests.spec.cases import CASES


def test_the_page_is_current() -> None:
    page = metrics.PAGE.read_text()
    assert page == metrics.metrics_page(), "write it again: python -m docs.generate.metrics"


def test_every_case_is_on_the_page() -> None:
    page = metrics.metrics_page()
    assert [case.rule for case in CASES.values() if f"\n### {case.rule}\n" not in page] == []
