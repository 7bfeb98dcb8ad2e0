"""Sessions in memory: found by their cookie, for half a day."""

from query.page.sessions import LASTING_MS, MAX_SESSIONS, Sessions


def test_a_session_is_found_by_its_cookie_until_it_ends() -> None:
    sessions = Sessions()
    cookie, session = sessions.open("shop", None, 0)
    assert sessions.find(cookie, LASTING_MS - 1) == session
    assert sessions.find(cookie, LASTING_MS) is None
    assert sessions.find(cookie + "x", 0) is None
    sessions.close(cookie)
    assert sessions.find(cookie, 0) is None


def test_a_session_reads_its_project_or_all() -> None:
    sessions = Sessions()
    of_shop, of_all = sessions.open("shop", None, 0)[1], sessions.open(None, None, 0)[1]
    assert (of_shop.reads("shop"), of_shop.reads("other"), of_all.reads("other")) == (True, False, True)


def test_the_oldest_sessions_give_way() -> None:
    sessions = Sessions()
    cookies = [sessions.open(None, None, 0)[0] for _ in range(MAX_SESSIONS + 1)]
    assert sessions.find(cookies[0], 0) is None
    assert all(sessions.find(cookie, 0) for cookie in cookies[1:])
