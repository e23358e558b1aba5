"""One search for what anybody may read: calls, guide, published answers and requests for partners."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import make_user
from calls.models import Call
from conftest import AFTERNOON
from cosme_portal.site_search import AROUND, MAX_LENGTH, MAX_SHOWN, excerpt_of, search_site
from foundation.tests.hostile_texts import HOSTILE
from proposals.models import FaqEntry
from proposals.tests.factories import make_officer, make_ready, save, submit
from proposals.tests.partners import make_request

pytestmark = pytest.mark.django_db


def results_of(text):
    return search_site(text, Call.objects.published_at_moment(AFTERNOON), AFTERNOON)


def page_of(text, client=None):
    query = quote(text, errors="surrogatepass")
    return (client or Client()).get(f"{reverse('search')}?q={query}")


def test_each_word_must_occur_and_calls_come_by_title_reference_and_text(call):
    [hit] = results_of("cluster international").calls
    assert hit.address == call.get_absolute_url()
    assert results_of(call.reference).calls and results_of("CLUSTER").calls
    assert not results_of("cluster zebra").calls


def test_the_guide_is_found_by_its_sections_with_an_address_that_opens_them(call):
    hits = results_of("coordinator").guide
    page = Client().get(reverse("guide")).content.decode()
    assert hits
    for hit in hits:
        assert f'id="{hit.address.partition("#")[2]}"' in page


def test_a_published_answer_is_found_and_opens_on_the_page_of_its_call(call):
    entry = FaqEntry.objects.create(
        call=call,
        question="May a zebra take part?",
        answer="Only with a passport.",
        published_by=make_officer(),
        published_at=AFTERNOON,
    )
    [hit] = results_of("zebra passport").questions
    assert hit.address.endswith(f"#answer-{entry.pk}")
    page = Client().get(call.get_absolute_url()).content.decode()
    assert f'id="answer-{entry.pk}"' in page


def test_a_call_is_not_found_before_it_is_published(call):
    before = call.published_at - timedelta(seconds=1)
    results = search_site("cluster", Call.objects.published_at_moment(before), before)
    assert not results.calls


def test_a_request_for_partners_is_found(call):
    request = make_request(call, title="Laser zebras wanted")
    results = results_of("laser zebras")
    assert [hit.address for hit in results.requests] == [request.get_absolute_url()]
    assert results.request_count == 1


def test_nothing_of_a_proposal_is_found(call):
    proposal = make_ready(call)
    save(proposal, "summary", acronym="ZWINKEL", title_text="ZWINKEL", abstract="ZWINKEL")
    submit(proposal)
    assert not results_of("zwinkel")


def test_words_that_are_not_used_are_named_and_too_long_a_text_is_refused(call):
    assert "eighth" in results_of("a b c d e f seventh eighth").left_out
    page = page_of("x" * (MAX_LENGTH + 1))
    assert page.status_code == 200 and str(MAX_LENGTH) in page.content.decode()


@pytest.mark.parametrize("hostile", HOSTILE, ids=str)
def test_any_text_is_answered(call, hostile):
    page = page_of(hostile.text)
    assert page.status_code in {200, 400}
    assert "<script>alert" not in page.content.decode()


def test_the_search_asks_a_fixed_number_of_queries(call, django_assert_num_queries):
    page_of("cluster")
    client = Client()
    client.force_login(make_user())
    for number in range(MAX_SHOWN + 2):
        make_request(call, title=f"Cluster {number}")
    with django_assert_num_queries(7):
        page = page_of("cluster", client)
    assert page.content.decode().count("Cluster ") >= MAX_SHOWN


def test_an_excerpt_shows_the_first_word_that_matches():
    text = "a " * 200 + "żywiec here" + " b" * 200
    excerpt = excerpt_of(text, ["zywiec"])
    assert "żywiec here" in excerpt and excerpt.startswith("…") and excerpt.endswith("…")
    assert len(excerpt) <= 2 * AROUND + 2
