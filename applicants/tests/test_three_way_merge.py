"""What two people made of one text: merged where only one touched a field, a conflict elsewhere."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applicants.three_way_merge import Merge, diff_html, merge

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
