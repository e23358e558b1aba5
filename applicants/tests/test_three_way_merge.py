"""What two people made of one text: merged where only one touched a field, a conflict elsewhere."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applicants.three_way_merge import Merge, concat_rows, diff_html, is_empty, merge

NAMES = st.sampled_from(["title", "abstract", "goals"])
ANSWERS = st.dictionaries(NAMES, st.sampled_from(["", "one", "two", "three"]))


def test_fields_that_only_one_touched_merge_by_themselves():
    base = {"title": "Old", "abstract": "Old", "months": 12}
    mine, theirs = base | {"title": "Mine"}, base | {"abstract": "Theirs"}
    assert merge(base, mine, theirs) == Merge(
        {"title": "Mine", "abstract": "Theirs", "months": 12}, ("abstract",), ()
    )


def test_a_field_that_both_changed_is_a_conflict_and_keeps_mine():
    merged = merge({"title": "Old"}, {"title": "Mine"}, {"title": "Theirs"})
    assert merged == Merge({"title": "Mine"}, (), ("title",))


def test_the_same_change_by_both_is_none():
    assert merge({"title": ""}, {"title": "New"}, {"title": "New"}).conflicts == ()


def test_without_a_known_base_every_difference_is_a_conflict():
    assert merge(None, {"title": "Mine"}, {"title": "Theirs"}).conflicts == ("title",)


def test_empty_is_empty_however_it_is_stored():
    assert merge({}, {"title": "", "tags": []}, {"title": None}) == Merge(
        {"title": None, "tags": []}, (), ()
    )


def rows(*titles, **changes):
    """Rows that are named after their first title; `changes` gives one another text."""
    return [
        {"title": title, "text": changes.get(title.rstrip("!"), "t"), "row": title.rstrip("!")}
        for title in titles
    ]


def merged_rows(base, mine, theirs):
    return merge({"list": base}, {"list": mine}, {"list": theirs})


def test_rows_that_both_added_are_all_there():
    merged = merged_rows(rows("A"), rows("A", "mine"), rows("A", "theirs"))
    assert merged == Merge({"list": rows("A", "theirs", "mine")}, ("list",), ())


def test_different_fields_of_one_row_merge():
    merged = merged_rows(rows("A", "B"), rows("A!", "B"), rows("A", "B", A="new"))
    assert merged.answers["list"] == rows("A!", "B", A="new")


def test_a_text_never_lands_on_another_row():
    """One person removes the first row while the other writes in it."""
    merged = merged_rows(rows("A", "B"), rows("B", "C"), rows("A", "B", A="long text about A"))
    assert merged.conflicts == ("list",)


def test_a_row_that_one_removed_and_nobody_changed_is_gone():
    merged = merged_rows(rows("A", "B"), rows("B"), rows("A", "B", "C"))
    assert merged.answers["list"] == rows("B", "C")


def test_rows_that_were_stored_without_names_are_told_apart_by_their_place():
    bare = [{"title": "A"}, {"title": "B"}]
    mine = [{"title": "A!", "row": "old-0"}, {"title": "B", "row": "old-1"}]
    merged = merged_rows(bare, mine, [{"title": "A"}, {"title": "B!"}])
    assert [row["title"] for row in merged.answers["list"]] == ["A!", "B!"]


def test_a_merge_that_makes_a_list_too_long_is_a_conflict():
    many = [f"m{n}" for n in range(40)], [f"t{n}" for n in range(40)]
    assert merged_rows([], rows(*many[0]), rows(*many[1])).conflicts == ("list",)


def test_a_list_of_choices_is_not_merged_by_halves():
    merged = merge({"tags": ["a"]}, {"tags": ["a", "b"]}, {"tags": ["c"]})
    assert merged.conflicts == ("tags",)


@given(ANSWERS, ANSWERS, ANSWERS)
def test_nothing_that_one_person_changed_is_lost_without_a_word(base, mine, theirs):
    merged = merge(base, mine, theirs)
    for name in {*base, *mine, *theirs}:
        before, item, other = (x.get(name) or "" for x in (base, mine, theirs))
        result = merged.answers.get(name) or ""
        if item != before and other not in {before, item}:
            assert name in merged.conflicts and result == item
        elif item != before:
            assert result == item
        else:
            assert result == other


@given(ANSWERS, ANSWERS, ANSWERS)
def test_who_saves_first_does_not_matter_where_there_is_no_conflict(base, mine, theirs):
    item, other = merge(base, mine, theirs), merge(base, theirs, mine)
    assert set(item.conflicts) == set(other.conflicts)
    if not item.conflicts:
        assert {k: v or "" for k, v in item.answers.items()} == {
            k: v or "" for k, v in other.answers.items()
        }


def test_differences_are_marked_word_by_word_and_markup_is_shown_as_text():
    before, after = diff_html("We go <b>far</b>", "We go near")
    assert before == "We go <del>&lt;b&gt;far&lt;/b&gt;</del>"
    assert after == "We go <ins>near</ins>"


def test_a_very_long_text_is_shown_whole():
    assert diff_html("a " * 5000, "b")[1] == "b"


def test_emoji_right_to_left_and_control_signs_are_kept():
    text = "שלום 👩‍👩‍👧 \u202eabc\u202c"
    assert diff_html(text, text) == (text, text)


@pytest.mark.parametrize("shared", ["", "the"])
def test_texts_without_a_passage_in_common_are_compared_at_once(shared):
    """As when somebody rewrites a text: only blanks and small words are the same."""
    text = " ".join(f"{shared}{' ' * bool(shared)}before{n}" for n in range(450))
    other = text.replace("before", "after")
    started = time.process_time()
    before, after = diff_html(text, other)
    assert time.process_time() - started < 5
    assert "<del>" in before and "<ins>" in after


def test_blanks_of_what_stayed_are_not_marked():
    before, after = diff_html("We  go\nfar", "We  go\nnear by")
    assert (before, after) == ("We  go\n<del>far</del>", "We  go\n<ins>near by</ins>")


# --- Rows ---------------------------------------------------------------------------------


def row(row_id, title, **more):
    return {"title": title, "row": row_id} | more


def test_a_row_in_which_both_changed_the_same_field_is_a_conflict_of_the_list():
    merged = merged_rows([row("1", "Old")], [row("1", "Mine")], [row("1", "Theirs")])
    assert merged == Merge({"list": [row("1", "Mine")]}, (), ("list",))


def test_the_same_new_row_of_both_is_one():
    """As when both paste the same table: the ids differ, the texts do not."""
    merged = merged_rows([], [row("m", "Berlin"), row("n", "Lyon")], [row("t", "Berlin")])
    assert merged.answers["list"] == [row("t", "Berlin"), row("n", "Lyon")]


def test_a_row_that_one_added_twice_stays_twice():
    mine = [row("m", "Berlin"), row("n", "Berlin")]
    merged = merged_rows([], mine, [row("t", "Lyon")])
    assert merged.answers["list"] == [row("t", "Lyon"), *mine]


def test_a_new_row_with_the_text_of_an_earlier_one_is_kept():
    """Only a row that the other person added as well is the same one again."""
    before = row("1", "Berlin")
    merged = merged_rows([before], [before, row("m", "Berlin")], [before, row("t", "Lyon")])
    assert merged.answers["list"] == [before, row("t", "Lyon"), row("m", "Berlin")]


def test_an_earlier_row_stays_that_has_the_text_of_a_new_one():
    before = row("1", "Berlin")
    merged = merged_rows([before], [row("1", "Berlin", text="mine")], [before, row("t", "Berlin")])
    assert merged.answers["list"] == [row("1", "Berlin", text="mine"), row("t", "Berlin")]


def test_a_row_that_one_changed_and_the_other_replaced_by_the_same_text_is_a_conflict():
    merged = merged_rows([row("1", "Berlin")], [row("1", "Lyon")], [row("t", "Lyon")])
    assert merged.conflicts == ("list",)


def test_a_new_row_with_one_id_on_both_sides_is_merged_as_one_row():
    """As when one person's tab sends again what it has sent before."""
    mine, theirs = [row("a", "Berlin"), row("m", "Lyon")], [row("a", "Berlin"), row("t", "Riga")]
    merged = merged_rows([], mine, theirs)
    assert merged.answers["list"] == [row("a", "Berlin"), row("t", "Riga"), row("m", "Lyon")]


@pytest.mark.parametrize(("count", "conflicts"), [(60, ()), (61, ("list",))])
def test_a_list_is_merged_up_to_its_longest(count, conflicts):
    mine = [row(f"m{n}", f"m{n}") for n in range(30)]
    theirs = [row(f"t{n}", f"t{n}") for n in range(count - 30)]
    assert merged_rows([], mine, theirs).conflicts == conflicts


def test_the_rows_of_both_are_theirs_and_then_those_that_only_i_have():
    mine = [row("1", "Mine"), row("m", "New")]
    theirs = [row("1", "Theirs"), {"title": "Without an id"}]
    assert concat_rows(mine, theirs) == [
        row("1", "Theirs"),
        {"title": "Without an id", "row": "old-1"},
        row("m", "New"),
    ]


# --- What is empty, and how texts are compared ------------------------------------------------


@pytest.mark.parametrize("value", [None, "", " \n", [], ["", None, [" "]], {}, ()])
def test_nothing_is_empty(value):
    assert is_empty(value)


@pytest.mark.parametrize("value", ["x", 0, False, ["", "x"], {"a": ""}, (0,)])
def test_something_is_not_empty(value):
    assert not is_empty(value)


@pytest.mark.parametrize(("more", "is_compared"), [("", True), ("end", False)])
def test_texts_are_compared_up_to_a_length(more, is_compared):
    """A thousand words and the blanks after them are as much as is compared."""
    text = "".join(f"word{number} " for number in range(1000)) + more
    before, after = diff_html(text, text.replace("word500", "other"))
    marked = ("<del>word500</del>" in before, "<ins>other</ins>" in after)
    assert marked == (is_compared, is_compared)


def test_what_only_one_text_has_leaves_no_mark_in_the_other():
    assert diff_html("We go", "We go far") == ("We go", "We go<ins> far</ins>")
    assert diff_html("We go far", "We go") == ("We go<del> far</del>", "We go")


def test_words_that_changed_side_by_side_are_one_passage():
    """The blank between them is the same in both, and no reason to show two changes."""
    assert diff_html("We go by train", "We travel on foot") == (
        "We <del>go by train</del>",
        "We <ins>travel on foot</ins>",
    )


def test_texts_that_are_too_long_are_shown_unmarked_and_escaped():
    long = "<i> {} " * 1000
    assert diff_html(long, "<b>") == (long.replace("<", "&lt;").replace(">", "&gt;"), "&lt;b&gt;")
