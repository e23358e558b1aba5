"""What two people made of one text: merged where only one touched a field, a conflict elsewhere."""

from hypothesis import given
from hypothesis import strategies as st

from applicants.merging import Merge, marked, merge

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


def rows(*titles):
    return [{"title": title, "text": "t"} for title in titles]


def test_rows_that_both_added_are_all_there():
    base, mine, theirs = rows("A"), rows("A", "mine"), rows("A", "theirs")
    merged = merge({"list": base}, {"list": mine}, {"list": theirs})
    assert merged.answers["list"] == rows("A", "theirs", "mine")
    assert merged.conflicts == ()


def test_different_fields_of_one_row_merge():
    base = rows("A", "B")
    mine = [{"title": "A!", "text": "t"}, base[1]]
    theirs = [{"title": "A", "text": "new"}, base[1]]
    merged = merge({"list": base}, {"list": mine}, {"list": theirs})
    assert merged.answers["list"][0] == {"title": "A!", "text": "new"}


def test_a_row_that_one_removed_and_the_other_changed_is_a_conflict():
    base = rows("A", "B")
    merged = merge({"list": base}, {"list": rows("A")}, {"list": rows("A", "B!")})
    assert merged.conflicts == ("list",)


def test_a_list_of_choices_is_not_merged_by_halves():
    merged = merge({"tags": ["a"]}, {"tags": ["a", "b"]}, {"tags": ["c"]})
    assert merged.conflicts == ("tags",)


@given(ANSWERS, ANSWERS, ANSWERS)
def test_nothing_that_one_person_changed_is_lost_without_a_word(base, mine, theirs):
    merged = merge(base, mine, theirs)
    for name in {*base, *mine, *theirs}:
        before, one, other = (x.get(name) or "" for x in (base, mine, theirs))
        result = merged.answers.get(name) or ""
        if one != before and other not in {before, one}:
            assert name in merged.conflicts and result == one
        elif one != before:
            assert result == one
        else:
            assert result == other


@given(ANSWERS, ANSWERS, ANSWERS)
def test_who_saves_first_does_not_matter_where_there_is_no_conflict(base, mine, theirs):
    one, other = merge(base, mine, theirs), merge(base, theirs, mine)
    assert set(one.conflicts) == set(other.conflicts)
    if not one.conflicts:
        assert {k: v or "" for k, v in one.answers.items()} == {
            k: v or "" for k, v in other.answers.items()
        }


def test_differences_are_marked_word_by_word_and_markup_is_shown_as_text():
    before, after = marked("We go <b>far</b>", "We go near")
    assert before == "We go <del>&lt;b&gt;far&lt;/b&gt;</del>"
    assert after == "We go <ins>near</ins>"


def test_a_very_long_text_is_shown_whole():
    assert marked("a " * 5000, "b")[1] == "b"


def test_emoji_right_to_left_and_control_signs_are_kept():
    text = "שלום 👩‍👩‍👧 \u202eabc\u202c"
    assert marked(text, text) == (text, text)
