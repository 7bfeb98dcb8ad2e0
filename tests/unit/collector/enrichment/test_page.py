"""Pages and referrers of events, as their rows have them."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from collector.enrichment.context import ProjectSettings
from tests.unit.collector.enrichment.test_row_builder import BROWSER, row


@pytest.mark.parametrize(
    "spelling", ["/한글", "/%ED%95%9C%EA%B8%80", "/%ed%95%9c글", "https://shop.example/%ED%95%9C글"]
)
def test_one_page_is_one_path(spelling: str) -> None:
    assert row(path=spelling).path == "/한글"


def test_no_user_name_or_password_of_any_url_reaches_a_row() -> None:
    secret = "https://me:hunter2@shop.example/a"
    made = row(path=f"{secret}?next={secret}", referrer=secret, origin=secret)
    escaped = row(path="/a?next=https%3A%2F%2Fme%3Ahunter2%40shop.example", referrer="me:hunter2@shop.example/a")
    for one in (made, escaped):
        assert b"hunter2" not in msgspec.json.encode(one)


def test_a_page_of_two_megabytes_is_cut() -> None:
    made = row(path=f"https://shop.example/{'한' * 2_000_000}", referrer="https://example.org/" + "a" * 2_000_000)
    assert (len(made.path), len(made.referrer), made.referrer_type) == (2_048, 2_048, "referral")


@pytest.mark.parametrize(
    "sent",
    [
        {"path": f"https://shop.example/land?state={'s' * 3_000}&utm_source=news&utm_campaign=may&gclid=1#top"},
        {"path": f"https://shop.example/land?utm_source=news&state={'s' * 3_000}&utm_campaign=may&gclid=1"},
        {
            "path": "https://shop.example/land",
            "properties": {"search": f"?s={'s' * 3_000}&utm_source=news&utm_campaign=may&gclid=1"},
        },
        {"path": f"https://shop.example/{'p' * 3_000}?utm_source=news&utm_campaign=may&gclid=1"},
    ],
)
def test_the_campaign_of_a_long_url_is_kept_whatever_is_cut(sent: dict[str, Any]) -> None:
    made = row(**sent)
    assert (made.utm_source, made.utm_campaign, made.click_id) == ("news", "may", "gclid")
    assert (made.origin, made.referrer_type) == ("https://shop.example", "ad")
    assert max(len(made.path), len(made.query)) <= 2_048


def test_a_secret_of_a_long_url_is_no_campaign() -> None:
    made = row(path=f"https://shop.example/?state={'s' * 3_000}&utm_source=me%40shop.example&utm_term=news")
    assert (made.utm_source, made.utm_term) == ("***", "news")


def test_a_visitor_from_another_domain_of_the_project_is_not_a_referral() -> None:
    ours = replace(BROWSER, project=ProjectSettings("p", domains=("shop.example", "blog.example")))
    page = {"path": "https://shop.example/", "referrer": "https://blog.example/post"}
    assert row(ours, **page).referrer_type == "internal"
    assert row(BROWSER, **page).referrer_type == "referral"


@pytest.mark.parametrize("code", ["usd", " Usd", "USD"])
def test_a_currency_is_kept_in_capitals(code: str) -> None:
    selling = replace(BROWSER, project=ProjectSettings("p", allow_unsafe_revenue=True))
    assert row(selling, properties={"__revenue": 5, "__currency": code}).currency == "USD"


@pytest.mark.parametrize(
    ("sent", "page"),
    [
        ("https://shop.example/#/", ("/", "", "")),
        ("https://shop.example/#/about", ("/about", "", "")),
        ("https://shop.example/#!/about", ("/about", "", "")),
        ("https://shop.example#/about/%ED%95%9C", ("/about/한", "", "")),
        ("https://shop.example/app/?a=1#/admin/users?tab=2&token=abc", ("/app/admin/users", "a=1&tab=2&token=***", "")),
        ("/#/about?utm_source=news", ("/about", "utm_source=news", "")),
        ("https://shop.example/faq#prices", ("/faq", "", "prices")),
        ("https://shop.example/faq", ("/faq", "", "")),
    ],
)
def test_a_path_in_the_hash_is_the_page_of_a_project_that_says_so(sent: str, page: tuple[str, str, str]) -> None:
    routed = replace(BROWSER, project=ProjectSettings("p", hash_routes=True))
    made = row(routed, path=sent)
    assert (made.path, made.query, made.hash) == page
    assert row(path="https://shop.example/a#/b").path == "/a"
    assert made.utm_source == ("news" if "news" in sent else "")


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ("https://shop.example/about/", "/about"),
        ("https://shop.example/about", "/about"),
        ("https://shop.example/about/?a=1#top", "/about"),
        ("/about/team/", "/about/team"),
        ("https://shop.example/#/about/", "/about"),
        ("https://shop.example/", "/"),
        ("https://shop.example", row(path="https://shop.example").path),
        ("", ""),
    ],
)
def test_a_slash_at_the_end_is_the_same_page_in_a_project_that_says_so(sent: str, path: str) -> None:
    project = ProjectSettings("p", hash_routes=True, fold_trailing_slash=True)
    assert row(replace(BROWSER, project=project), path=sent).path == path
    assert row(path="https://shop.example/about/").path == "/about/"
