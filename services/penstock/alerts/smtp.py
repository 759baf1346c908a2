"""Alerts by mail: plain text, one mail a message, threads by `References`."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

import structlog
from pydantic import SecretStr

from penstock.alerts.channel import DeliveryError, RefusedError
from penstock.alerts.message import Message
from penstock.flow.model import SmtpEnv

log = structlog.get_logger()

TIMEOUT = 15.0
TLS_PORT = 465


class Mail:
    """smtplib in a thread: a mail a minute needs no more."""

    name = "smtp"

    def __init__(
        self,
        env: SmtpEnv,
        password: SecretStr | None,
        *,
        timeout: float = TIMEOUT,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._env = env
        self._password = password
        self._timeout = timeout
        self._clock = clock

    async def deliver(self, message: Message) -> None:
        mail = compose(message, self._env, self._clock())
        where = f"{self._env.host}:{self._env.port}"
        try:
            refused = await asyncio.to_thread(self._send, mail)
        except smtplib.SMTPDataError as error:
            kind = RefusedError if error.smtp_code >= 500 else DeliveryError
            raise kind(f"{where}: {error.smtp_code} to the mail") from error
        except smtplib.SMTPResponseException as error:
            raise DeliveryError(f"{where}: {type(error).__name__} {error.smtp_code}") from error
        except (smtplib.SMTPException, OSError) as error:  # their texts may hold addresses
            raise DeliveryError(f"{where}: {type(error).__name__}") from error
        if refused:
            log.warning("alert_recipients_refused", server=where, refused=refused, of=len(self._env.to))

    async def close(self) -> None:
        return

    def _send(self, mail: EmailMessage) -> int:
        """How many of the recipients were refused; raises when all were."""
        server = self._connect()
        try:
            if self._env.starttls and self._env.port != TLS_PORT:
                server.starttls(context=ssl.create_default_context())
            if self._env.user is not None and self._password is not None:
                server.login(self._env.user, self._password.get_secret_value())
            refused = server.send_message(mail, from_addr=self._env.sender, to_addrs=self._env.to)
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()  # the mail is taken whatever becomes of the goodbye
            return len(refused)
        finally:
            server.close()

    def _connect(self) -> smtplib.SMTP:
        if self._env.port == TLS_PORT:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._env.host, self._env.port, timeout=self._timeout, context=context)
        return smtplib.SMTP(self._env.host, self._env.port, timeout=self._timeout)


def compose(message: Message, env: SmtpEnv, at: datetime) -> EmailMessage:
    """The mail. All mails of a group refer to one id, so that readers show them as one thread."""
    domain = env.sender.rpartition("@")[2]
    mail = EmailMessage()
    mail["Subject"] = message.title
    mail["From"] = env.sender
    mail["To"] = ", ".join(env.to)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    mail["References"] = mail["In-Reply-To"] = f"<{message.group}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Priority"] = "1" if message.priority >= 3 else "3"
    mail.set_content(message.text)
    return mail
