"""Pages and referrers of events, as their rows have them."""

import msgspec
import pytest

from tests.collector.test_enrich import row


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
    assert (len(made.path), len(made.referrer), made.referrer_type) == (2_028, 2_048, "referral")
