"""The page of metrics is the one that the cases say."""

from tests.spec import metrics_page
from tests.spec.cases import CASES


def test_the_page_is_current() -> None:
    page = metrics_page.PAGE.read_text()
    assert page == metrics_page.metrics_page(), "write it again: python -m tests.spec.metrics_page"


def test_every_case_is_on_the_page() -> None:
    page = metrics_page.metrics_page()
    assert [case.rule for case in CASES.values() if f"\n### {case.rule}\n" not in page] == []
