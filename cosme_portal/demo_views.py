"""Pages that exist in a demonstration only: sent emails, and the accounts to sign in with."""

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cosme_portal.demo_world import ACCOUNTS, PASSWORD

MAX_EMAILS = 100
SEPARATOR = b"-" * 79


def accounts(request: HttpRequest) -> HttpResponse:
    context = {"accounts": ACCOUNTS, "password": PASSWORD}
    return render(request, "demo/accounts.html", context)


def emails(request: HttpRequest) -> HttpResponse:
    """What the portal sent, newest first."""
    results = [_shown(message) for message in _messages(Path(settings.EMAIL_FILE_PATH))]
    return render(request, "demo/emails.html", {"emails": results[:MAX_EMAILS]})


def _messages(folder: Path) -> list[EmailMessage]:
    files = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime, reverse=True)
    messages: list[EmailMessage] = []
    for file in files[:MAX_EMAILS]:
        parts = file.read_bytes().split(SEPARATOR)
        texts = [part.strip() for part in parts if part.strip()]
        messages += [
            email.message_from_bytes(text, policy=email.policy.default) for text in reversed(texts)
        ]
    return messages


def _shown(message: EmailMessage) -> dict[str, str]:
    body = message.get_body(preferencelist=("plain",))
    return {
        "to": str(message["To"]),
        "subject": str(message["Subject"]),
        "date": str(message["Date"]),
        "text": str(body.get_content()) if body is not None else "",
    }
