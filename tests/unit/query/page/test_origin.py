"""Which requests may use a session: those that the page itself sends."""

import pytest

from query.page.origin import PAGE_HEADER, is_from_page

PAGE = {PAGE_HEADER: "1", "host": "127.0.0.1:3003"}


@pytest.mark.parametrize(
    ("headers", "is_own"),
    [
        (PAGE | {"sec-fetch-site": "same-origin"}, True),
        (PAGE | {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:3003"}, True),
        (PAGE, True),
        ({"host": "127.0.0.1:3003", "sec-fetch-site": "same-origin"}, False),
        (PAGE | {"sec-fetch-site": "same-site"}, False),
        (PAGE | {"sec-fetch-site": "cross-site"}, False),
        (PAGE | {"sec-fetch-site": "none"}, False),
        (PAGE | {"origin": "http://127.0.0.1:8000"}, False),
        (PAGE | {"origin": "http://evil.example"}, False),
        (PAGE | {"origin": "null"}, False),
    ],
)
def test_only_the_page_itself_uses_a_session(headers: dict[str, str], is_own: bool) -> None:
    assert is_from_page(headers) is is_own
