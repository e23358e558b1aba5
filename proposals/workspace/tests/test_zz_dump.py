import re
from html import unescape
from datetime import timedelta
import pytest
from django.test import Client
from django.urls import reverse
from django.contrib import admin
from applicants.tests.factories import make_organisation, make_user
from conftest import AFTERNOON, DEADLINE, NEXT_DAY
from foundation import clock
from proposals.models import *
from proposals.officers import rights
from proposals.proof.receipts import render_receipt_html, proof_of_version
from proposals.screening import decisions, letters, clarifications
from proposals.screening.automatic_check import screen_closed
from proposals.consortium import invitations
from proposals.tests.factories import *
from proposals.tests.factories import make_officer
pytestmark = [pytest.mark.django_db, pytest.mark.any_words]
OUT = open("/tmp/dump.txt", "w")

def plain(html):
    html = re.sub(r"(?s)<(script|style|template)\b.*?</\1>", "", html)
    m = re.search(r'(?s)<main.*?</main>', html) or re.search(r'(?s)<div id="content".*', html)
    html = m.group(0) if m else html
    html = re.sub(r"</?(span|b|a|time|em|i|strong|code|small|bdi)\b[^>]*>", "", html)
    html = re.sub(r"<(br|/p|/li|/dd|/dt|/h\d|/td|/th|/summary|/label|/button|/option|/div|/legend)[^>]*>", "\n", html)
    text = unescape(re.sub(r"<[^>]*>", " ", html))
    return "\n".join(x for x in (" ".join(l.split()) for l in text.split("\n")) if x)

def dump(name, answer):
    html = answer if isinstance(answer, str) else answer.content.decode()
    code = "" if isinstance(answer, str) else answer.status_code
    OUT.write(f"\n##### {name} {code}\n{plain(html)}\n"); OUT.flush()

def get(client, path, **kw):
    dump(path, client.get(path, follow=True, **kw))

def url(name, proposal, *args):
    return reverse(f"proposals:{name}", args=[proposal.number, *args])

def test_dump(call):
    ready = make_ready(call)
    lead = Client(); lead.force_login(ready.started_by)
    draft = make_draft(call, countries=("LT", "AL", "RS"), lead=ready.started_by, coordinator=ready.participants.get(key="p1").organisation)
    save(draft, "summary", duration_months=30)
    for p in (draft, ready):
        for name in ("proposal","consortium","descriptions","check","work","people","preview","timeline","withdraw","delete","new-participant"):
            get(lead, url(name, p))
    get(lead, url("step", draft, "budget")); get(lead, url("step", draft, "activities"))
    get(lead, url("confirm", draft, "p2")); get(lead, url("participant", draft, "p2")); get(lead, url("upload", draft, "roadmap"))
    get(lead, url("consortium", draft)+"?without=p2&with=FR")
    key = "00000000-0000-4000-8000-000000000001"
    dump("POST check", lead.post(url("check", draft), {"idempotency_key": key}))
    get(lead, reverse("proposals:mine")); get(lead, reverse("applicants:organisations"))
    save(ready, "summary", duration_months=30)
    dump("POST not acknowledged", lead.post(url("check", ready), {"idempotency_key": key}))
    version = submit(reload(ready))
    get(lead, version.get_absolute_url()); get(lead, url("compare", ready))
    get(lead, url("withdraw", ready))
    with clock.frozen_at(DEADLINE + timedelta(seconds=27)):
        dump("late", lead.post(url("check", draft), {"idempotency_key": key}))
        get(lead, url("check", draft)); get(lead, url("proposal", draft))
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        version = Version.objects.select_related("proposal__strand__call").get(pk=version.pk)
        officer = make_officer(); second = make_officer()
        c = Client(); c.force_login(officer); d = Client(); d.force_login(second)
        get(c, reverse("admin:index"))
        get(c, reverse("admin:proposals_version_changelist"))
        P = lambda n: reverse(f"admin:proposals_version_{n}", args=[version.pk])
        for n in ("change","decide","ask","conflict","history"): get(c, P(n))
        clarifications.request_clarification(version, item="rule:duration", text="Why 30 months?", due_at=NEXT_DAY + timedelta(days=5), by=officer)
        decision = decisions.record_decision(version, outcome="ineligible", reason="The duration is 30 months.", by=officer)
        get(d, reverse("admin:proposals_decision_change", args=[decision.pk]))
        decisions.review_decision(decision, answer="confirmed", reason="", by=second)
        decision = Decision.objects.get(pk=decision.pk)
        get(c, reverse("admin:proposals_decision_change", args=[decision.pk]))
        decisions.notify_applicant(decision, by=officer)
        dump("letter", letters.render_letter_html(decision, version, notified_at=NEXT_DAY))
        get(c, P("change")); get(c, P("decide"))
        get(lead, url("decisions", ready)); get(lead, url("questions", ready))
        get(c, reverse("admin:proposals_version_statistics"))
    dump("receipt", render_receipt_html(version, NEXT_DAY, proof_of_version(version)))
    for mail in QueuedEmail.objects.order_by("pk"):
        OUT.write(f"\n##### MAIL {mail.key} {mail.subject}\n{mail.text}\n")
