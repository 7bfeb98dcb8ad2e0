"""Sends alerts: to a webhook that takes Slack's JSON, and by SMTP."""

import json
import smtplib
import socket
import ssl
from collections.abc import Collection
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, unquote, urlsplit

from event_lens.errors import Unavailable
from event_lens.settings import Network, Settings
from orchestration.alerts.decide import Message
from orchestration.alerts.target import check_target

WEBHOOK, EMAIL = "webhook", "email"
_SECONDS = 10
_SMTP_PORT, _SMTPS_PORT = 587, 465


def ways(settings: Settings) -> list[str]:
    """Return the ways on which the settings send alerts: webhook, e-mail, both or neither."""
    return [way for way, value in ((WEBHOOK, settings.alert_webhook), (EMAIL, settings.alert_email)) if value]


def send(settings: Settings, message: Message) -> None:
    """Send a message on its way; blocks. Raises `Refused` as `check_target` does, `Unavailable` (`alert_unsent`)."""
    if message.way == WEBHOOK:
        post(urlsplit(settings.alert_webhook), message.text, settings.alert_networks)
    else:
        mail(settings, message)


def post(url: SplitResult, text: str, allowed: Collection[Network]) -> None:
    """Post the text as Slack's JSON. Redirects are not followed, because their addresses were not checked."""
    host, is_tls = url.hostname or "", url.scheme == "https"
    port = url.port or (443 if is_tls else 80)
    address = check_target(host, port, allowed)
    connection = (
        HTTPSConnection(host, port, timeout=_SECONDS) if is_tls else HTTPConnection(host, port, timeout=_SECONDS)
    )
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    body = json.dumps({"text": text}).encode()
    try:
        connection.sock = _connected(address, port, host if is_tls else None)
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        raise Unavailable(f"The webhook at {host} cannot be reached ({error}).", code="alert_unsent") from error
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise Unavailable(f"The webhook at {host} answered {status}.", code="alert_unsent")


def mail(settings: Settings, message: Message) -> None:
    """Send an e-mail. Uses TLS if the server offers it, and sends a password over TLS only."""
    url = urlsplit(settings.alert_smtp)
    host, is_tls = url.hostname or "", url.scheme == "smtps"
    port = url.port or (_SMTPS_PORT if is_tls else _SMTP_PORT)
    address = check_target(host, port, settings.alert_networks)
    try:
        with _Smtp(address, host, port, is_tls=is_tls) as server:
            server.ehlo()
            if not is_tls and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            if url.username:
                if not isinstance(server.sock, ssl.SSLSocket):
                    raise Unavailable(f"{host} offers no TLS, so the password is not sent.", code="alert_unsent")
                server.login(unquote(url.username), unquote(url.password or ""))
            server.send_message(_email(settings, message))
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(f"The mail server {host} did not take the alert ({error}).", code="alert_unsent") from error


class _Smtp(smtplib.SMTP):
    """A connection to `address` that checks certificates against `host`."""

    def __init__(self, address: str, host: str, port: int, *, is_tls: bool) -> None:
        self._address = address
        self._tls_host = host if is_tls else None
        super().__init__(host, port, timeout=_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _connected(self._address, port, self._tls_host)


def _connected(address: str, port: int, tls_host: str | None) -> socket.socket:
    plain = socket.create_connection((address, port), timeout=_SECONDS)
    if tls_host is None:
        return plain
    return ssl.create_default_context().wrap_socket(plain, server_hostname=tls_host)


def _email(settings: Settings, message: Message) -> EmailMessage:
    email = EmailMessage()
    email["From"] = settings.alert_email_from or settings.alert_email[0]
    email["To"] = ", ".join(settings.alert_email)
    email["Subject"] = message.subject
    email["Date"] = formatdate()
    email["Message-ID"] = make_msgid(domain="eventlens.invalid")
    email.set_content(message.text)
    return email
