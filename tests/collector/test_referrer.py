"""Sources of visits, case by case."""

import pytest

from collector.referrer import classify, read_marks

CASES = [
    # referrer, the page's query, type, name
    ("", "", "direct", ""),
    ("https://www.google.com/", "", "search", "Google"),
    ("https://www.google.co.kr/search?q=x", "", "search", "Google"),
    ("https://docs.google.com/document/1", "", "referral", "docs.google.com"),
    ("https://mail.google.com/mail/u/0", "", "email", "Gmail"),
    ("https://www.bing.com/search?q=x", "", "search", "Bing"),
    ("https://duckduckgo.com/", "", "search", "DuckDuckGo"),
    ("https://search.naver.com/search.naver?query=x", "", "search", "Naver"),
    ("https://m.blog.naver.com/x/1", "", "social", "Naver Blog"),
    ("https://search.daum.net/", "", "search", "Daum"),
    ("https://t.co/abc", "", "social", "X"),
    ("https://old.reddit.com/r/x", "", "social", "Reddit"),
    ("https://ko-kr.facebook.com/", "", "social", "Facebook"),
    ("HTTPS://L.Instagram.com./?u=x", "", "social", "Instagram"),
    ("https://chatgpt.com/", "", "chat", "ChatGPT"),
    ("https://www.perplexity.ai/search", "", "chat", "Perplexity"),
    ("https://gemini.google.com/app", "", "chat", "Gemini"),
    ("https://googleads.g.doubleclick.net/x", "", "ad", "Google Ads"),
    ("https://blog.example.org/post", "", "referral", "blog.example.org"),
    ("https://notgoogle.com/", "", "referral", "notgoogle.com"),
    ("https://google.com.evil.example/", "", "referral", "google.com.evil.example"),
    ("https://shop.example/cart", "", "internal", ""),
    ("https://www.shop.example/cart", "", "internal", ""),
    ("https://shop.example:8443/cart", "", "internal", ""),
    ("https://other.shop.example/", "", "referral", "other.shop.example"),
    ("android-app://com.google.android.gm/", "", "email", "Gmail"),
    ("android-app://org.example.reader/", "", "other", "org.example.reader"),
    ("about:blank", "", "other", ""),
    ("javascript:alert(1)", "", "other", ""),
    ("https://bücher.example/", "", "referral", "xn--bcher-kva.example"),
    ("https://한국.example/글", "", "referral", "xn--3e0b707e.example"),
    ("", "gclid=abc", "ad", "Google Ads"),
    ("https://www.google.com/", "gclid=abc", "ad", "Google"),
    ("https://www.facebook.com/?fbclid=x", "", "ad", "Facebook"),
    ("https://shop.example/?msclkid=x", "", "ad", "Microsoft Ads"),
    ("", "gclid=", "direct", ""),
    ("", "utm_source=google&utm_medium=cpc", "ad", "Google"),
    ("https://blog.example.org/", "utm_source=x&utm_medium=paid-social", "ad", "blog.example.org"),
    ("", "utm_source=news&utm_medium=Email", "email", "news"),
    ("", "utm_source=chatgpt.com", "chat", "ChatGPT"),
    ("", "utm_source=linkedin", "social", "LinkedIn"),
    ("", "utm_source=poster", "other", "poster"),
    ("https://www.google.com/", "utm_source=news&utm_medium=email", "search", "Google"),
]


@pytest.mark.parametrize(("referrer", "query", "kind", "name"), CASES, ids=[f"{case[0]} {case[1]}" for case in CASES])
def test_a_visit_comes_from(referrer: str, query: str, kind: str, name: str) -> None:
    marks = read_marks(query)
    campaign = marks.campaign
    found = classify(
        referrer, "shop.example", marks.click_id, campaign.get("utm_source", ""), campaign.get("utm_medium", "")
    )
    assert (found.type, found.name) == (kind, name)


def test_marks_are_read_from_a_query() -> None:
    marks = read_marks(
        "a&utm_source=a%20b&UTM_MEDIUM=c+d&utm_term=%EA%B8%80&utm_content=%zz&fbclid=x&gclid=y&utm_source=z"
    )
    assert marks.campaign == {"utm_source": "a b", "utm_medium": "c d", "utm_term": "글", "utm_content": "%zz"}
    assert marks.click_id == "fbclid"


def test_the_name_of_a_click_id_is_kept_and_not_its_value() -> None:
    assert classify("", "", "ttclid", "", "").click_id == "ttclid"


def test_what_is_stored_has_neither_user_name_nor_fragment() -> None:
    assert classify("https://me:pw@example.org:443/a?b=1#c", "", "", "", "").referrer == "https://example.org/a?b=1"
