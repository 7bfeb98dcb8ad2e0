"""A host has one spelling, the one that browsers send."""

import pytest

from event_lens.contract.host import ascii_host


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Example.COM", "example.com"),
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("faß.de", "xn--fa-hia.de"),
        ("Straße.DE", "xn--strae-oqa.de"),
        ("日本。jp", "xn--wgv71a.jp"),
        ("☃.net", "xn--n3h.net"),
        ("ﬀ.de", "ff.de"),
        ("a_b.ü.de", "a_b.xn--tda.de"),
        ("", ""),
    ],
)
def test_a_host_is_written_as_browsers_send_it(written: str, sent: str) -> None:
    assert ascii_host(written) == sent


@pytest.mark.parametrize(
    "text", ["ü@evil.io", "ü/evil", "ü:80", "ü b.de", "ü\x00.de", "\u200dü.de", "\ufffd.de", "ü" * 64 + ".de"]
)
def test_text_that_is_not_a_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the name of a host"):
        ascii_host(text)
