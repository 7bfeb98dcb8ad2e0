"""Alerts reach real servers, and no address that is not public unless a setting names it."""

import socket
from collections.abc import Iterator
from email import message_from_string
from ipaddress import ip_network

import pytest

from event_lens.errors import Refused, Unavailable
from event_lens.settings import Settings, read_settings
from orchestration.alerts.decide import Message, Problem
from orchestration.alerts.send import send, ways
from orchestration.alerts.target import check_target
from tests.ports import free_port
from tests.unit.orchestration.alerts.receivers import MailServer, Webhook, serving

PROBLEM = Problem("build", "A build failed.", "https://stats.example.com/dagster/runs/1")


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with serving(Webhook()) as server:
        yield server


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with serving(MailServer()) as server:
        yield server


def alerting(**settings: str) -> Settings:
    return read_settings({f"EVENTLENS_ALERT_{name.upper()}": value for name, value in settings.items()})


def test_a_webhook_gets_json_as_slack_takes_it(webhook: Webhook) -> None:
    settings = alerting(webhook=f"{webhook.url}/services/T0/B0?token=x", networks="127.0.0.0/8")
    assert ways(settings) == ["webhook"]
    send(settings, Message("webhook", PROBLEM, is_over=False))
    assert webhook.posted == [("/services/T0/B0?token=x", {"text": f"A build failed.\n{PROBLEM.url}"})]


def test_a_mail_server_gets_a_message_for_all_who_are_named(mail_server: MailServer) -> None:
    settings = alerting(
        smtp=mail_server.url,
        email="data@example.com, ops@example.com",
        email_from="lens@example.com",
        networks="127.0.0.1",
    )
    assert ways(settings) == ["email"]
    send(settings, Message("email", PROBLEM, is_over=True))
    ((recipients, text),) = mail_server.messages
    message = message_from_string(text)
    assert recipients == ["data@example.com", "ops@example.com"]
    assert (message["From"], message["Subject"]) == ("lens@example.com", "Event Lens: over: A build failed.")
    assert str(message.get_payload()).strip() == f"Over: A build failed.\n{PROBLEM.url}"


def test_an_undelivered_message_is_an_error_that_says_why(webhook: Webhook, mail_server: MailServer) -> None:
    settings = alerting(webhook=webhook.url, smtp=mail_server.url, email="data@example.com", networks="127.0.0.0/8")
    webhook.status, mail_server.refuses = 302, True
    with pytest.raises(Unavailable, match="answered 302"):
        send(settings, Message("webhook", PROBLEM, is_over=False))
    assert [path for path, _ in webhook.posted] == ["/"]
    with pytest.raises(Unavailable, match="did not take the alert"):
        send(settings, Message("email", PROBLEM, is_over=False))
    nobody = alerting(webhook=f"http://127.0.0.1:{free_port()}", networks="127.0.0.0/8")
    with pytest.raises(Unavailable, match="cannot be reached"):
        send(nobody, Message("webhook", PROBLEM, is_over=False))


def test_a_password_is_not_sent_without_tls(mail_server: MailServer) -> None:
    url = mail_server.url.replace("//", "//user:hidden@")
    settings = alerting(smtp=url, email="data@example.com", networks="127.0.0.0/8")
    with pytest.raises(Unavailable, match="offers no TLS"):
        send(settings, Message("email", PROBLEM, is_over=False))
    assert mail_server.messages == []


def test_private_addresses_get_nothing_unless_they_are_named(webhook: Webhook, mail_server: MailServer) -> None:
    settings = alerting(webhook=webhook.url, smtp=mail_server.url, email="data@example.com", networks="10.0.0.0/8")
    for way in ways(settings):
        with pytest.raises(Refused, match="EVENTLENS_ALERT_NETWORKS") as refused:
            send(settings, Message(way, PROBLEM, is_over=False))
        assert refused.value.code == "alert_target_private"
    assert (webhook.posted, mail_server.messages) == ([], [])


@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1",
            "localhost",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
        ),
        *("::1", "::", "::ffff:127.0.0.1", "fe80::1", "fd00::1", "224.0.0.1", "2130706433", "0x7f.1"),
    ],
)
def test_every_way_to_write_a_private_address_is_one(host: str) -> None:
    with pytest.raises(Refused, match="not a public address"):
        check_target(host, 80, ())


def test_a_public_address_may_be_reached_and_a_named_network_too() -> None:
    assert check_target("1.1.1.1", 443, ()) == "1.1.1.1"
    for written in ("10.1.2.3", "::ffff:10.1.2.3"):
        assert check_target(written, 443, [ip_network("10.0.0.0/8")]) == written


def test_a_name_is_private_when_one_of_its_addresses_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a name server answers cannot be real in a test."""
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("1.1.1.1", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(Refused, match=r"hooks.example.com is 127.0.0.1"):
        check_target("hooks.example.com", 80, ())
