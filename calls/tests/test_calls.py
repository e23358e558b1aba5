"""The call page tells everything, in every state, and the deadline moves by an extension only."""

import re
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from calls.extensions import ExtensionNotLater, extend_deadline
from calls.models import Call, CallState, Extension
from conftest import AFTERNOON, BRUSSELS, DEADLINE, NEXT_DAY
from foundation import clock

pytestmark = pytest.mark.django_db


def page_of(client, call):
    return client.get(reverse("calls:call", args=[call.reference])).content.decode()


def text_of(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_page_tells_what_the_call_says(client, call):
    text = text_of(page_of(client, call))
    for part in (
        "COS-CLUSTER-2014-3-03",
        "European Strategic Cluster Partnerships",
        "Partnership agreement",
        "Internationalisation strategy plan",
        "Implementation roadmap",
        "Monitoring scoreboard",
        "33 participating countries",
        "28 Member States of the European Union",
        "the former Yugoslav Republic of Macedonia",
        "Article 6, point (a): European Economic Area",
        "Albania: signed on 3 March 2015. An officer decides whether it counts.",
        "21 April 2015, 17:00 Brussels (CEST, UTC+02:00)",
        "Previous deadline: 31 March 2015, 17:00 Brussels",
        "EUR 187,500",
        "EUR 450,000",
        "up to 75%",
        "CORDIS helpdesk",
        "Enterprise Europe Network",
        "Consists of parties that are independent of each other.",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("moment", "state", "text"),
    [
        (datetime(2015, 1, 1, tzinfo=BRUSSELS), None, None),
        (AFTERNOON, CallState.OPEN, "Start a proposal in strand 2"),
        (
            DEADLINE - timedelta(milliseconds=1),
            CallState.OPEN,
            "Submit your proposal online before",
        ),
        (DEADLINE, CallState.CLOSED, "Closed:"),
        (NEXT_DAY, CallState.CLOSED, "This call no longer accepts proposals"),
    ],
)
def test_states_of_a_call(client, call, moment, state, text):
    with clock.frozen_at(moment):
        response = client.get(reverse("calls:call", args=[call.reference]))
    if state is None:
        assert response.status_code == 404
    else:
        assert call.state_at(moment) == state
        assert text in response.content.decode()


def test_a_published_call_that_is_not_open_yet_cannot_be_answered(client, call):
    Call.objects.filter(pk=call.pk).update(opens_at=datetime(2015, 3, 1, tzinfo=BRUSSELS))
    with clock.frozen_at(datetime(2015, 2, 1, tzinfo=BRUSSELS)):
        html = page_of(client, call)
    assert "Opening date:" in html
    assert "Start a proposal" not in html


def test_the_page_counts_down_by_the_server(client, call):
    assert 'data-milliseconds="2400000">40 minutes 0 seconds' in page_of(client, call)


def test_countdown_counts_instants_over_the_change_to_summer_time(client, call):
    with clock.frozen_at(datetime(2015, 3, 28, 17, 0, tzinfo=BRUSSELS)):
        html = page_of(client, call)
    assert f'data-milliseconds="{(24 * 86400 - 3600) * 1000}"' in html


def test_the_call_page_asks_a_fixed_number_of_questions(client, call, django_assert_num_queries):
    page_of(client, call)
    with django_assert_num_queries(13):
        page_of(client, call)


def test_a_call_page_seen_again_asks_one_question(
    client, call, settings, django_assert_num_queries
):
    settings.CACHES = settings.CACHES | {
        "pages": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "test"}
    }
    first = page_of(client, call)
    with django_assert_num_queries(1):
        assert page_of(client, call) == first


def test_a_kept_page_still_counts_down(client, call, settings):
    settings.CACHES = settings.CACHES | {
        "pages": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "third"}
    }
    page_of(client, call)
    with clock.frozen_at(AFTERNOON + timedelta(minutes=5)):
        response = client.get(reverse("calls:call", args=[call.reference]))
    assert 'data-milliseconds="2100000">35 minutes' in response.content.decode()
    assert "Cookie" in response["Vary"]


def test_a_changed_call_is_shown_at_once(client, call, settings):
    settings.CACHES = settings.CACHES | {
        "pages": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "other"}
    }
    page_of(client, call)
    later = DEADLINE + timedelta(hours=24)
    extend_deadline(
        call, new_deadline=later, reason="An outage", decided_by="EASME", confirmed_by="A colleague"
    )
    assert "An outage" in page_of(client, call)


def test_an_extension_is_recorded_and_moves_the_deadline(call):
    later = DEADLINE + timedelta(hours=24)
    extension = extend_deadline(
        call, new_deadline=later, reason="Outage", decided_by="EASME", confirmed_by="A colleague"
    )
    call.refresh_from_db()
    assert (call.deadline, extension.old_deadline, extension.recorded_at) == (
        later,
        DEADLINE,
        AFTERNOON,
    )


def test_an_extension_must_be_later(call):
    with pytest.raises(ExtensionNotLater):
        extend_deadline(
            call, new_deadline=DEADLINE, reason="x", decided_by="x", confirmed_by="A colleague"
        )


def test_the_database_refuses_another_deadline_without_an_extension(call):
    with (
        pytest.raises(IntegrityError, match="deadline_moves_by_extension_only"),
        transaction.atomic(),
    ):
        Call.objects.filter(pk=call.pk).update(deadline=DEADLINE + timedelta(days=1))


def test_the_database_refuses_a_deadline_that_moves_back(call):
    first, second = (DEADLINE + timedelta(days=days) for days in (1, 2))
    for later in (first, second):
        extend_deadline(
            call,
            new_deadline=later,
            reason="Outage",
            decided_by="EASME",
            confirmed_by="A colleague",
        )
    with pytest.raises(IntegrityError, match="only moves later"), transaction.atomic():
        Call.objects.filter(pk=call.pk).update(deadline=first)


def test_the_database_refuses_an_extension_from_a_deadline_that_is_not_in_force(call):
    with pytest.raises(IntegrityError, match="does not start"), transaction.atomic():
        Extension.objects.create(
            call=call,
            old_deadline=call.first_deadline,
            new_deadline=DEADLINE + timedelta(days=9),
            reason="x",
            decided_by="x",
            recorded_at=AFTERNOON,
        )


def test_the_list_without_a_call_says_so(client, no_calls):
    assert "There are no calls at the moment" in client.get("/").content.decode()


def test_the_deadline_is_a_calendar_file_without_an_account(client, call):
    answer = client.get(f"/calls/{call.reference}/deadline.ics")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert b"DTEND:20150421T150000Z" in answer.content
    assert client.get("/calls/NO-SUCH-CALL/deadline.ics").status_code == 404
