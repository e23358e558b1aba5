"""Templates isolate names with a direction, wherever in a page they stand."""

import pytest
from django.template import Context, Engine
from django.utils.safestring import SafeString

from foundation.isolation import isolate

HEBREW, REVERSED = "עברית", "\u202eabc"
FSI, PDI = "\u2068", "\u2069"
LOADER = "foundation.isolation.IsolatingLoader"


def engine_of(files):
    loaders = [(LOADER, [("django.template.loaders.locmem.Loader", files)])]
    return Engine(loaders=loaders, libraries={"i18n": "django.templatetags.i18n"})


def shown(source, who, template="x.html"):
    files = {template: source} if isinstance(source, str) else source
    return engine_of(files).get_template(template).render(Context({"who": who}))


@pytest.mark.parametrize("who", [HEBREW, REVERSED, "a\u200fb"])
def test_a_name_in_the_text_of_a_page_is_an_element_of_its_own(who):
    assert shown("<p>By {{ who }}, 3 May</p>", who) == f"<p>By <bdi>{who}</bdi>, 3 May</p>"


@pytest.mark.parametrize("who", ["Łódź", "Ørsted", "Ελλάς", "Жanna", "日本", 5, None, True])
def test_other_names_stay_as_they_are(who):
    assert shown("<p>{{ who }}</p>", who) == f"<p>{who}</p>"


def test_a_name_is_escaped_once():
    assert shown("<p>{{ who }}</p>", f"<b>&{HEBREW}") == f"<p><bdi>&lt;b&gt;&amp;{HEBREW}</bdi></p>"
    assert shown("<p>{{ who }}</p>", SafeString(f"<b>{HEBREW}</b>")) == f"<p><b>{HEBREW}</b></p>"


@pytest.mark.parametrize(
    "around",
    [
        '<a title="About {}">',
        "<img alt='{}'>",
        '<i class="a" aria-label="{}, x">',
        "<title>{}</title>",
        '<select><option value="1" selected>{}</option></select>',
    ],
)
def test_where_no_element_can_stand_characters_isolate(around):
    made = shown(around.replace("{}", "{{ who }}"), HEBREW)
    assert made == around.replace("{}", f"{FSI}{HEBREW}{PDI}")


@pytest.mark.parametrize(
    "around",
    [
        '<input type="search" value="{}">',
        "<textarea rows=3>{}</textarea>",
        '<a href="?q={}">',
        '<p data-name="{}">',
        "<script>x = '{}'</script>",
    ],
)
def test_what_is_sent_back_or_read_by_programs_stays(around):
    assert shown(around.replace("{}", "{{ who }}"), HEBREW) == around.replace("{}", HEBREW)


def test_after_a_tag_with_conditions_in_it_text_is_text_again():
    source = '<details{% if who %} open title="{{ who }}"{% endif %}>{% for x in who %}{% endfor %}{{ who }}'
    wanted = f'<details open title="{FSI}{HEBREW}{PDI}"><bdi>{HEBREW}</bdi>'
    assert shown(source, HEBREW) == wanted


@pytest.mark.parametrize(
    "tag",
    [
        "{% blocktranslate %}By {{ who }}.{% endblocktranslate %}",
        "{% blocktranslate with w=who %}By {{ w }}.{% endblocktranslate %}",
        "{% blocktranslate trimmed count n=2 %}By {{ who }}{% plural %}By {{ who }}.{% endblocktranslate %}",
    ],
)
def test_names_in_translated_texts_are_isolated(tag):
    assert shown("{% load i18n %}<p>" + tag, HEBREW) == f"<p>By <bdi>{HEBREW}</bdi>."


def test_blocks_stand_where_the_extended_template_has_them():
    files = {
        "base.html": "<title>{% block title %}{% endblock %}</title><p>{% block text %}{% endblock %}</p>",
        "x.html": '{% extends "base.html" %}{% block title %}{{ who }}{% endblock %}{% block text %}{{ who }}'
        "{% endblock %}",
    }
    wanted = f"<title>{FSI}{HEBREW}{PDI}</title><p><bdi>{HEBREW}</bdi></p>"
    assert shown(files, HEBREW) == wanted


def test_plain_texts_isolate_each_line_with_characters():
    made = shown("By {{ who }}!", f"{HEBREW}\nabc\n{REVERSED}", "x.txt")
    assert made == f"By {FSI}{HEBREW}{PDI}\nabc\n{FSI}{REVERSED}{PDI}!"


def test_joined_names_are_isolated_one_by_one():
    made = shown('<p>{{ who|join:", " }}.</p>', [HEBREW, "<b>", "Łódź"])
    assert made == f"<p>{FSI}{HEBREW}{PDI}, &lt;b&gt;, Łódź.</p>"


def test_a_template_isolates_once():
    template = engine_of({"x.html": "{{ who }}"}).get_template("x.html")
    isolate(template)
    assert template.render(Context({"who": HEBREW})) == f"<bdi>{HEBREW}</bdi>"
