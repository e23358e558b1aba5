"""Asking the helpdesk: enquiries, their answers, and answers that everybody can read."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applicants.models import User
from calls.models import Call
from proposals.models.proposal import new_number


class Enquiry(models.Model):
    """What somebody asks, with an account or without. Personal data: erased a year after it was closed."""

    class State(models.TextChoices):
        NEW = "new", _("New")
        ANSWERED = "answered", _("Answered")
        CLOSED = "closed", _("Closed")

    number = models.CharField(max_length=9, unique=True, default=new_number, editable=False)
    call = models.ForeignKey(Call, models.SET_NULL, null=True, blank=True, related_name="enquiries")
    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="enquiries")
    name = models.CharField(_("name"), max_length=150)
    email = models.EmailField(_("email address"))
    telephone = models.CharField(_("telephone"), max_length=40, blank=True)
    organisation = models.CharField(_("organisation"), max_length=200, blank=True)
    subject = models.CharField(_("subject"), max_length=150)
    message = models.TextField(_("message"))
    page = models.TextField(blank=True, help_text="Where they were on the portal.")
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    officer = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    received_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-received_at"]
        verbose_name_plural = "enquiries"
        constraints = [
            models.CheckConstraint(name="an_enquiry_has_a_text", condition=Q(message__regex=r"\S")),
            models.CheckConstraint(
                name="only_a_closed_enquiry_has_a_closing_time",
                condition=Q(state="closed", closed_at__isnull=False)
                | (~Q(state="closed") & Q(closed_at__isnull=True)),
            ),
        ]
        indexes = [models.Index(name="enquiries_by_state", fields=["state", "-received_at"])]

    def __str__(self) -> str:
        return self.number


class EnquiryReply(models.Model):
    """What the helpdesk answered, by mail; never changed."""

    enquiry = models.ForeignKey(Enquiry, models.CASCADE, related_name="answers")
    text = models.TextField()
    answered_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    answered_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "enquiry replies"
        constraints = [
            models.CheckConstraint(
                name="an_enquiry_reply_has_a_text", condition=Q(text__regex=r"\S")
            )
        ]
        triggers = [pgtrigger.Protect(name="enquiry_replies_are_final", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"Reply {self.pk}"


class FaqEntry(models.Model):
    """A question of general use with its answer, on the page of a call; without who asked."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="published_answers")
    question = models.TextField(_("question"))
    answer = models.TextField(_("answer"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    published_by = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False)
    published_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = _("question and answer")
        verbose_name_plural = _("questions and answers")
        constraints = [
            models.CheckConstraint(
                name="a_faq_entry_has_question_and_answer",
                condition=Q(question__regex=r"\S") & Q(answer__regex=r"\S"),
            )
        ]

    def __str__(self) -> str:
        return self.question[:80]


class ReplyTemplate(models.Model):
    """A text that the helpdesk uses again and again."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    text = models.TextField(_("text"))

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
