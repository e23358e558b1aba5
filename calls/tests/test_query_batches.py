"""Statements that are put together once: the same answers as Django's own, in one round trip."""

from datetime import timedelta

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Count, Value

from calls.eligibility import digest_of
from calls.models import (
    AppliedConditions,
    Call,
    Contact,
    CountryParticipation,
    Programme,
    Strand,
)
from foundation import clock
from foundation.query_batches import Columns, Param, equals_any, insert_together, query_batch


@query_batch
def everything_of_a_call():
    reference = Param("reference", models.TextField())
    strands = Strand.objects.filter(call__reference=reference)
    return {
        "calls": Call.objects.filter(reference=reference),
        "programmes": Programme.objects.filter(calls__reference=reference),
        "strands": strands.annotate(wanted=Count("deliverables")).order_by("-number"),
        "countries": CountryParticipation.objects.filter(
            programme__calls__reference=reference,
            legal_basis=CountryParticipation.LegalBasis.MEMBER_STATE,
        ),
        "titles": Columns(strands.order_by("number"), "number", "title", "call__rules"),
    }


@query_batch
def named():
    return {"calls": Columns(Call.objects.filter(title=Param("title", models.TextField())), "pk")}


def values_of(rows):
    return [
        {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
        for row in rows
    ]


def test_it_finds_what_django_finds_value_by_value(call):
    result = everything_of_a_call(reference=call.reference)
    assert values_of(result["calls"]) == values_of([call])
    assert values_of(result["programmes"]) == values_of([call.programme])
    assert str(result["calls"][0].budget) == str(Call.objects.get(pk=call.pk).budget)
    own = call.programme.participation.filter(legal_basis="member-state")
    assert values_of(result["countries"]) == values_of(own) and len(own) == 28
    strands = call.strands.annotate(wanted=Count("deliverables")).order_by("-number")
    assert values_of(result["strands"]) == values_of(strands)
    assert [strand.wanted for strand in result["strands"]] == [strand.wanted for strand in strands]
    assert result["titles"] == [
        (strand.number, strand.title, call.rules) for strand in reversed(strands)
    ]


def test_what_was_found_is_saved_like_any_other_row(call):
    (result,) = everything_of_a_call(reference=call.reference)["calls"]
    assert result == call and not result._state.adding
    result.title = "Another title"
    result.save(update_fields=["title"])
    assert Call.objects.get().title == "Another title"


def test_it_asks_once_whatever_there_is_to_ask(call, django_assert_num_queries):
    for _turn in range(3):
        with django_assert_num_queries(1):
            everything_of_a_call(reference=call.reference)
    with django_assert_num_queries(1):
        assert everything_of_a_call(reference="NOTHING")["calls"] == []


@pytest.mark.parametrize(
    "title", ["100 % 'sure'", "$1; --", "param:title", "%s %(p1)s", 'ünï\\ "x"', ""]
)
@pytest.mark.parametrize("has_pooler", [False, True])
def test_what_is_given_is_never_taken_for_a_part_of_the_statement(
    call, title, has_pooler, monkeypatch
):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", has_pooler)
    assert named(title=title)["calls"] == []
    Call.objects.update(title=title)
    assert named(title=title)["calls"] == [(call.pk,)]


def test_behind_a_pooler_nothing_is_prepared(call, monkeypatch, django_assert_num_queries):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    with django_assert_num_queries(1) as asked:
        result = everything_of_a_call(reference=call.reference)
    assert "PREPARE" not in asked[0]["sql"] and "EXECUTE" not in asked[0]["sql"]
    assert values_of(result["calls"]) == values_of([call])


def test_a_connection_prepares_once(call, django_assert_num_queries):
    @query_batch
    def pages():
        return {"references": Columns(Call.objects.all(), "reference")}

    with django_assert_num_queries(2) as asked:
        assert pages() == pages() == {"references": [(call.reference,)]}
    assert [sql["sql"].split()[0] for sql in asked] == ["PREPARE", "EXECUTE"]


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_prepares_anew():
    assert named(title="Nothing")["calls"] == []
    connection.close()
    assert named(title="Nothing")["calls"] == []


def test_a_statement_that_failed_when_first_sent_works_when_sent_again(call):
    @query_batch
    def halves():
        half = 12 / Param("by", models.IntegerField())
        return {"halves": Columns(Call.objects.annotate(half=half), "half")}

    with pytest.raises(Exception, match="division by zero"), transaction.atomic():
        halves(by=0)
    assert halves(by=2) == {"halves": [(6,)]}


def test_a_list_of_any_length_can_be_given(call):
    @query_batch
    def numbered():
        return {"found": Columns(Strand.objects.filter(equals_any("number", NUMBERS)), "number")}

    assert sorted(numbered(numbers=[1, 2, 7])["found"]) == [(1,), (2,)]
    assert numbered(numbers=[])["found"] == []


NUMBERS = Param("numbers", ArrayField(models.IntegerField()))


@pytest.mark.parametrize("title", ["$1", "param:title"])
def test_a_constant_that_looks_like_something_given_is_refused(call, title):
    @query_batch
    def constant():
        return {"calls": Call.objects.filter(title=title)}

    with pytest.raises(ValueError, match="taken for a parameter"):
        constant()


def test_what_holds_bytes_is_refused(call):
    @query_batch
    def sealed():
        seal = Value(b"x", output_field=models.BinaryField())
        return {"calls": Call.objects.annotate(seal=seal)}

    with pytest.raises(TypeError, match="holds bytes"):
        sealed()


# --- Storing -------------------------------------------------------------------------------------


def contact(call, name):
    return Contact(call=call, name=name, position=9, url="https://x.example/", text="Help")


def test_rows_of_several_models_are_stored_in_one_round_trip(call, django_assert_num_queries):
    applied = AppliedConditions(digest=digest_of({}), content="{}")
    strange = contact(call, "100 % 'sure' $1 %s")
    with django_assert_num_queries(1):
        insert_together(strange, applied, contact(call, "Another"))
    assert Contact.objects.get(pk=strange.pk).name == strange.name
    assert AppliedConditions.objects.get(pk=applied.pk).content == "{}"
    assert not strange._state.adding and Contact.objects.filter(name="Another").exists()


def test_what_the_database_refuses_is_refused_and_nothing_is_stored(call):
    for _turn in range(2):
        with pytest.raises(IntegrityError), transaction.atomic():
            insert_together(
                contact(call, "Fine"), Strand(call=call, code="3.1", number=1, title="Again")
            )
    assert not Contact.objects.filter(name="Fine").exists()


def test_values_are_stored_as_django_stores_them(call):
    row = Programme(
        code="NEW", name="x", legal_basis="y", changed_at=clock.real_now() - timedelta(days=1)
    )
    insert_together(row)
    assert values_of([Programme.objects.get(code="NEW")]) == values_of([row])


def test_what_is_no_number_is_not_stored_as_nothing(call):
    strand = call.strands.first()
    strand.pk, strand.code, strand.objectives = None, "9.9", [{"share": float("nan")}]
    with pytest.raises(ValueError, match="not JSON compliant"):
        insert_together(strand)
