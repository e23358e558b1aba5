"""The mail server: whether it can be reached, and in a sentence why it refuses."""

import smtplib
import socket
import ssl

from django.conf import settings
from django.core.mail import get_connection

SENDING_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

# By kind, the narrower first. Never the server's own words: they may quote an address.
SENTENCES: tuple[tuple[type[OSError], str], ...] = (
    (
        smtplib.SMTPAuthenticationError,
        "The mail server refused user name or password. Correct them in PORTAL_MAIL_URL; write special "
        "characters as in a web address (%40 for @).",
    ),
    (
        smtplib.SMTPSenderRefused,
        "The mail server refused the sender. Set PORTAL_MAIL_FROM to an address that this user may send "
        "from.",
    ),
    (
        smtplib.SMTPRecipientsRefused,
        "The mail server refused the recipient. Try another address, or ask the server's operators "
        "whether the portal may send to other domains (relaying).",
    ),
    (
        smtplib.SMTPNotSupportedError,
        "The mail server does not offer what PORTAL_MAIL_URL asks for. smtp+tls:// is STARTTLS (port "
        "587), smtp+ssl:// is TLS from the start (port 465).",
    ),
    (
        ssl.SSLCertVerificationError,
        "The certificate of the mail server is not trusted, or is for another name. Use the name in the "
        "certificate, or install the certificate of its authority on this machine.",
    ),
    (
        ssl.SSLError,
        "The mail server and the portal did not agree on TLS. smtp+tls:// is STARTTLS (port 587), "
        "smtp+ssl:// is TLS from the start (port 465).",
    ),
    (
        socket.gaierror,
        "No machine has the name of the mail server. Correct the host in PORTAL_MAIL_URL, or check the "
        "name server (DNS).",
    ),
    (
        TimeoutError,
        "The mail server did not answer in time. Check host and port, and whether a firewall lets this "
        "machine connect.",
    ),
    (
        ConnectionRefusedError,
        "No mail server listens at this host and port. Correct PORTAL_MAIL_URL, or start the server.",
    ),
)


def problem_of(error: OSError) -> str:
    """What went wrong and what to do; names the configured host, never user, password or recipient."""
    place = f"Mail server {settings.EMAIL_HOST}, port {settings.EMAIL_PORT}:"
    for kind, sentence in SENTENCES:
        if isinstance(error, kind):
            return f"{place} {sentence}"
    return f"{place} {type(error).__name__}. Look into the log of the mail server."


def connection_problem() -> str:
    """Connect and sign in without sending; the problem in a sentence, or nothing."""
    server = get_connection()
    try:
        server.open()
        server.close()
    except OSError as error:
        return problem_of(error)
    return ""
