"""Sources of visits, case by case."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.enrichment.referrer import CLICK_IDS, classify, read_campaign
from collector.enrichment.url import clean_query, host_of
from event_lens.contract.limits import MAX_TEXT_LENGTH, MAX_WORD_LENGTH
from tests.unit.collector.enrichment.test_url import URLS

TYPES = {"direct", "search", "social", "email", "ad", "chat", "internal", "referral", "other"}

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
    ("about:srcdoc", "", "other", ""),
    ("javascript:alert(1)", "", "other", ""),
    ("data:text/html,x", "", "other", ""),
    ("JAVASCRIPT:\x1falert(1)", "", "other", ""),
    ("https://<b>/x", "", "other", ""),
    ("file:///C:/x.html", "", "other", ""),
    ("HomeScreen", "", "other", ""),
    ("/cart", "", "internal", ""),
    ("//shop.example/cart", "", "internal", ""),
    # Without a scheme, with ports, dots, capitals, user names
    ("www.google.com/search", "", "search", "Google"),
    ("google.com:443", "", "search", "Google"),
    ("me:pw@news.example.org/a", "", "referral", "news.example.org"),
    ("index.html", "", "other", ""),
    ("https://me:pw@WWW.Google.Com.:443/", "", "search", "Google"),
    ("http://localhost:3000/x", "", "referral", "localhost"),
    ("http://[2001:db8::1]/", "", "referral", "[2001:db8::1]"),
    # One site
    ("https://m.shop.example/", "", "internal", ""),
    ("https://www.m.shop.example/", "", "internal", ""),
    ("https://SHOP.example.:8080/", "", "internal", ""),
    ("https://m.example/", "", "referral", "m.example"),
    ("https://shop.example.evil.example/", "", "referral", "shop.example.evil.example"),
    ("https://shop.example@evil.example/", "", "referral", "evil.example"),
    ("https://evil.example\\@shop.example/", "", "referral", "evil.example"),
    # Korea
    ("https://m.naver.com/", "", "search", "Naver"),
    ("https://m.search.naver.com/search.naver?query=%ED%95%9C", "", "search", "Naver"),
    ("https://kin.naver.com/qna", "", "social", "Naver KnowledgeiN"),
    ("https://map.naver.com/p/1", "", "referral", "Naver Map"),
    ("https://cafe.naver.com/x", "", "social", "Naver Cafe"),
    ("https://mail.naver.com/", "", "email", "Naver Mail"),
    ("https://shopping.naver.com/", "", "referral", "shopping.naver.com"),
    ("https://ader.naver.com/v1", "", "ad", "Naver Ads"),
    ("https://m.search.daum.net/search?q=x", "", "search", "Daum"),
    ("https://pf.kakao.com/_x", "", "social", "KakaoTalk"),
    ("android-app://com.kakao.talk", "", "social", "KakaoTalk"),
    ("android-app://com.nhn.android.search/", "", "search", "Naver"),
    ("https://blog.tistory.com/1", "", "social", "Tistory"),
    # Elsewhere
    ("https://www.baidu.com/", "", "search", "Baidu"),
    ("https://one.google.com/", "", "referral", "one.google.com"),
    ("https://uk.search.yahoo.com/x", "", "search", "Yahoo!"),
    ("android-app://com.openai.chatgpt/", "", "chat", "ChatGPT"),
    ("https://claude.ai/chat/1", "", "chat", "Claude"),
    ("https://web.telegram.org/k/", "", "social", "Telegram"),
    ("https://bücher.example/", "", "referral", "xn--bcher-kva.example"),
    ("https://한국.example/글", "", "referral", "xn--3e0b707e.example"),
    ("", "gclid=abc", "ad", "Google Ads"),
    ("https://www.google.com/", "gclid=abc", "ad", "Google"),
    ("https://www.facebook.com/?fbclid=x", "", "social", "Facebook"),
    ("https://shop.example/?msclkid=x", "", "ad", "Microsoft Ads"),
    ("", "gbraid=1", "ad", "Google Ads"),
    ("", "wbraid=1", "ad", "Google Ads"),
    ("", "dclid=1", "ad", "Google Ads"),
    ("", "fbclid=1", "social", "Facebook"),
    ("https://l.facebook.com/", "fbclid=1", "social", "Facebook"),
    ("https://l.facebook.com/", "fbclid=1&utm_source=fb&utm_medium=paid_social", "ad", "Facebook"),
    ("", "fbclid=1&utm_source=poster&utm_medium=cpc", "ad", "Facebook"),
    ("https://l.instagram.com/", "utm_source=ig&utm_medium=social&fbclid=1", "social", "Instagram"),
    ("", "fbclid=1&gclid=2", "ad", "Google Ads"),
    ("", "ttclid=1", "ad", "TikTok"),
    ("", "TwClid=1", "ad", "X"),
    ("", "li_fat_id=1", "ad", "LinkedIn"),
    ("", "yclid=1", "ad", "Yandex Direct"),
    ("", "NaPm=1", "ad", "Naver Ads"),
    ("", "a=1&amp;gclid=1", "ad", "Google Ads"),
    ("", "%67clid=1", "ad", "Google Ads"),
    ("", "igshid=1", "social", "Instagram"),
    ("https://www.google.com/", "igsh=1", "search", "Google"),
    ("", "igsh=1&gclid=2", "ad", "Google Ads"),
    ("", "gclid=", "direct", ""),
    ("", "xgclid=1", "direct", ""),
    ("", "utm_source=%ED%95%9C%EA%B5%AD", "other", "한국"),
    ("", "utm_source=Search.Naver.com", "search", "Naver"),
    ("", "utm_source=google&utm_medium=cpc", "ad", "Google"),
    ("https://blog.example.org/", "utm_source=x&utm_medium=paid-social", "ad", "blog.example.org"),
    ("", "utm_source=news&utm_medium=Email", "email", "news"),
    ("", "utm_source=chatgpt.com", "chat", "ChatGPT"),
    ("", "utm_source=linkedin", "social", "LinkedIn"),
    ("", "utm_source=poster", "other", "poster"),
    ("https://www.google.com/", "utm_source=news&utm_medium=email", "search", "Google"),
]


@pytest.mark.parametrize(("referrer", "query", "kind", "name"), CASES, ids=[f"{case[0]} {case[1]}" for case in CASES])
def test_a_visit_has_a_source(referrer: str, query: str, kind: str, name: str) -> None:
    marks = read_campaign(clean_query(query))
    campaign = marks.campaign
    found = classify(
        referrer, "shop.example", marks.click_id, campaign.get("utm_source", ""), campaign.get("utm_medium", "")
    )
    assert (found.type, found.name) == (kind, name)


def test_campaign_values_are_read_from_a_query() -> None:
    marks = read_campaign(
        "a&utm_source=a%20b&UTM_MEDIUM=c+d&utm_term=%EA%B8%80&utm_content=%zz&fbclid=x&gclid=y&utm_source=z"
    )
    assert marks.campaign == {"utm_source": "a b", "utm_medium": "c d", "utm_term": "글", "utm_content": "%zz"}
    assert marks.click_id == "gclid"


@pytest.mark.parametrize(
    "nothing", ["undefined", "null", "NULL", "None", "-", "-?", "null#x", "(direct)", "(none)", "(not set)", " nan "]
)
def test_texts_that_programs_write_in_place_of_a_referrer_are_no_referrer(nothing: str) -> None:
    assert classify(nothing, "shop.example", "", "", "")[:3] == ("", "", "direct")


@pytest.mark.parametrize(
    ("referrer", "kind"),
    [
        ("https://blog.shop.example/post", "internal"),
        ("https://www.other.example/", "internal"),
        ("https://shop.example/", "internal"),
        ("https://deeper.other.example/", "referral"),
        ("https://other.example.evil.example/", "referral"),
    ],
)
def test_a_visitor_from_another_domain_of_the_project_comes_from_its_own_pages(referrer: str, kind: str) -> None:
    found = classify(referrer, "shop.example", "", "", "", ("blog.shop.example", "other.example"))
    assert found.type == kind
    assert classify(referrer, "", "", "", "", ("shop.example", "blog.shop.example", "other.example")).type == kind


def test_the_name_of_a_click_id_is_kept_and_not_its_value() -> None:
    assert classify("", "", "ttclid", "", "").click_id == "ttclid"


def test_the_stored_referrer_has_neither_user_name_nor_fragment() -> None:
    assert classify("https://me:pw@example.org:443/a?b=1#c", "", "", "", "").referrer == "https://example.org/a?b=1"


def test_a_domain_that_is_called_m_or_mobile_is_a_site_of_its_own() -> None:
    assert classify("https://www.com/", "m.com", "", "", "").type == "referral"


def test_a_host_is_one_in_punycode_and_in_letters() -> None:
    for page in ("한국.example", "xn--3e0b707e.example"):
        for referrer in ("https://한국.example/", "https://www.XN--3E0B707E.example./", "https://%ED%95%9C국.example/"):
            found = classify(referrer, host_of(page), "", "", "")
            assert found.type == "internal"
            assert found.referrer.removeprefix("https://").removeprefix("www.") == "xn--3e0b707e.example/"


@given(
    st.text() | URLS,
    st.sampled_from(["", "shop.example"]),
    st.sampled_from(["", *CLICK_IDS]),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_classifying_a_classified_referrer_changes_nothing(
    referrer: str, page: str, click_id: str, source: str, medium: str
) -> None:
    found = classify(referrer, page, click_id, source, medium)
    assert found.type in TYPES
    assert len(found.referrer) <= MAX_TEXT_LENGTH
    assert msgspec.json.encode(found)
    again = classify(found.referrer, page, click_id, source, medium)
    assert again.referrer == found.referrer


@given(st.text() | URLS)
def test_campaign_values_of_any_query_can_be_stored(query: str) -> None:
    marks = read_campaign(clean_query(query))
    assert msgspec.json.encode(marks)
    assert all(0 < len(value) <= MAX_WORD_LENGTH for value in marks.campaign.values())
