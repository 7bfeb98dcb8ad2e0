"""What of an address is a secret, as data; and that no secret of a URL reaches a row."""

import time

import pytest

from collector.url import split_url
from collector.url_secrets import mask_secrets

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("token=abc&page=2", "token=***&page=2"),
        ("page=2&access_token=abc", "page=2&access_token=***"),
        ("Password=a%20b;x=1", "Password=***;x=1"),
        ("api_key=1&code=2&sig=3", "api_key=***&code=***&sig=***"),
        ("user=someone@example.com&b=1", "user=***&b=1"),
        ("user=someone%40example.com", "user=***"),
        (f"next={JWT}", "next=***"),
        ("zipcode=10115&monkey=1&keyword=tea", "zipcode=10115&monkey=1&keyword=tea"),
        ("gclid=x&utm_source=news", "gclid=x&utm_source=news"),
        ("token=", "token="),
        ("", ""),
    ],
)
def test_a_secret_is_masked_and_the_rest_is_kept(text: str, kept: str) -> None:
    assert mask_secrets(text) == kept


def test_query_and_fragment_of_a_url_lose_their_secrets() -> None:
    url = split_url(f"https://example.com/reset?token=abc&a=1#id_token={JWT}")
    assert (url.query, url.hash) == ("token=***&a=1", "id_token=***")
    assert url.without_hash == "https://example.com/reset?token=***&a=1"


@pytest.mark.parametrize(
    "hostile", ["a" * 200_000 + "@", "token" * 40_000, "eyJ" * 60_000, "=-" * 100_000, "a.b@" * 50_000]
)
def test_hostile_text_takes_no_longer_than_its_length(hostile: str) -> None:
    started = time.process_time()
    mask_secrets(f"{hostile}=@")
    assert time.process_time() - started < 2
