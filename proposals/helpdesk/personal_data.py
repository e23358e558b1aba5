"""What partner search and the helpdesk keep of a person: taken out, or erased.

Texts of an organisation (its requests, its profile) stay: they are its own, and name nobody. Proposals and
what proves them are another matter: dossiers and the log hold no names or addresses of persons, and a
receipt names the person who submitted, because it is that person's proof.
"""

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from applicants.addresses import is_address
from applicants.models import User
from proposals.models import (
    AbuseReport,
    Conversation,
    Enquiry,
    Message,
    PartnershipRequest,
    QueuedEmail,
    SavedSearch,
)


def export_of(address: str) -> dict[str, Any]:
    """Everything of a person with this address, as plain JSON; the same shape whether there is anything."""
    user = _user(address)
    return {
        "address": address,
        "enquiries": [
            {
                "number": enquiry.number,
                "name": enquiry.name,
                "telephone": enquiry.telephone,
                "organisation": enquiry.organisation,
                "subject": enquiry.subject,
                "message": enquiry.message,
                "received_at": enquiry.received_at.isoformat(),
                "answers": [answer.text for answer in enquiry.answers.all()],
            }
            for enquiry in _enquiries(address, user).prefetch_related("answers")
        ],
        "messages": [
            {
                "conversation": message.conversation.number,
                "text": message.text,
                "sent_at": message.sent_at.isoformat(),
            }
            for message in Message.objects.filter(written_by=user or 0).select_related(
                "conversation"
            )
        ],
        "requests": [
            {
                "number": partnership_request.number,
                "title": partnership_request.title,
                "made_at": partnership_request.made_at.isoformat(),
            }
            for partnership_request in PartnershipRequest.objects.filter(made_by=user or 0)
        ],
        "saved_searches": list(SavedSearch.objects.filter(user=user or 0).values("name", "query")),
        "reports": list(
            AbuseReport.objects.filter(made_by=user or 0).values_list("reason", flat=True)
        ),
    }


@transaction.atomic
def erase(address: str) -> dict[str, int]:
    """Erase what is theirs alone, and their name from what stays; how many of each."""
    user = _user(address)
    erased = {
        "enquiries": _delete(_enquiries(address, user)),
        "messages": _delete(Message.objects.filter(written_by=user or 0)),
        "saved searches": _delete(SavedSearch.objects.filter(user=user or 0)),
        "mails": _delete(QueuedEmail.objects.filter(is_address("to", address), proposal=None)),
    }
    Conversation.objects.filter(messages=None).delete()
    Conversation.objects.filter(started_by=user or 0).update(started_by=None)
    PartnershipRequest.objects.filter(made_by=user or 0).update(made_by=None)
    AbuseReport.objects.filter(made_by=user or 0).update(made_by=None)
    return erased


def _user(address: str) -> User | None:
    return User.objects.filter(is_address("email", address)).first()


def _enquiries(address: str, user: User | None) -> QuerySet[Enquiry]:
    return Enquiry.objects.filter(Q(is_address("email", address)) | Q(user=user or 0))


def _delete(rows: QuerySet[Any]) -> int:
    count = rows.count()
    rows.delete()
    return count
