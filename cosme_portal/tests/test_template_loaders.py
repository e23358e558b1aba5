"""Templates with constant tags written out say what they would say with them."""

import pytest
from django.template import Context, Engine

from cosme_portal.template_loaders import folded

TAGS = "{% load i18n static %}"
PLAIN = Engine(libraries={
    "i18n": "django.templatetags.i18n", "static": "django.templatetags.static",
})  # fmt: skip


def rendered(source):
    return PLAIN.from_string(TAGS + source).render(Context())


@pytest.mark.parametrize(
    "source",
    [
        '{% translate "Sign in" %}',
        "{% translate 'Officers’ desk' %}",
        '{% translate "{count} of {limit} characters" %}',
        "{% static 'css/portal.css' %}",
        "{% url 'calls:list' %}",
        "{% url 'proposals:mine' %} and {% translate \"it's < that\" %}",
    ],
)
def test_what_is_the_same_each_time_is_written_out(source):
    assert "{%" not in folded(source)
    assert folded(source) == rendered(source)


@pytest.mark.parametrize(
    "source",
    [
        '{% translate "A" as title %}',
        "{% translate title %}",
        "{% translate 'A' context 'B' %}",
        "{% translate '100 % {{ x }}' %}",
        "{% url 'calls:call' call.reference %}",
        "{% url 'calls:list' as back %}",
        "{% url 'admin:index' %}",
        "{% url 'nowhere' %}",
        "{% static path %}",
        '{% blocktranslate %}{{ n }} "x" {% endblocktranslate %}',
    ],
)
def test_what_depends_on_something_stays(source):
    assert folded(source) == source


def test_with_several_languages_texts_are_looked_up(settings):
    settings.USE_I18N = True
    assert folded('{% translate "Sign in" %}') == '{% translate "Sign in" %}'
