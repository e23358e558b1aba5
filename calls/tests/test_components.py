"""The parts of pages are what pages had before: a field is that of crispy-forms, a badge a span."""

import re
from html.parser import HTMLParser

import pytest
from crispy_forms.templatetags.crispy_forms_filters import as_crispy_field
from django import forms
from django.template import Context, Template

from calls.templatetags.components import field
from foundation.fields import AmountField
from foundation.isolation import isolate


class CostForm(forms.Form):
    amount = AmountField(label="Staff, <Laser> e.V.", min_value=0, required=False)
    month = forms.CharField(max_length=10, help_text="As in the call.")


def elements(html):
    """Tags with their attributes, and texts, in their order."""
    result = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            result.append((tag, {name: normal(name, value) for name, value in attrs}))

        def handle_data(self, data):
            if data.strip():
                result.append(" ".join(data.split()))

    def normal(name, value):
        return sorted(value.split()) if name == "class" and value else value

    Reader().feed(html)
    return result


def rendered(source, **values):
    return Template("{% load components %}" + source).render(Context(values))


@pytest.mark.parametrize(
    "data",
    [None, {"amount": "54000.50"}, {"amount": '1.2.3"><script>'}, {"amount": "-1"}],
    ids=["empty", "valid", "unreadable", "negative"],
)
def test_a_plain_field_is_that_of_crispy_forms(data):
    assert elements(field(CostForm(data)["amount"])) == elements(
        as_crispy_field(CostForm(data)["amount"])
    )


def test_other_fields_are_those_of_crispy_forms():
    assert field(CostForm()["month"]) == as_crispy_field(CostForm()["month"])


def test_a_disabled_field_says_so():
    form = CostForm()
    form.fields["amount"].disabled = True
    assert re.search(r"<input [^>]* disabled[ >]", field(form["amount"]))


def test_a_field_has_a_short_label_and_its_whole_one_for_screen_readers():
    html = rendered('{% field cell label="Staff" unit="EUR" %}', cell=CostForm()["amount"])
    assert ">Staff</label>" in html and ">EUR</span>" in html
    assert 'aria-label="Staff, &lt;Laser&gt; e.V."' in html


@pytest.mark.parametrize("tag", ['panel "t" anchor="a"', 'badge "open"', 'finding "pass"', "facts"])
def test_a_name_in_a_part_is_isolated(tag):
    end = tag.partition(" ")[0]
    template = Template(f"{{% load components %}}{{% {tag} %}}{{{{ name }}}}{{% end{end} %}}")
    template.name = "part.html"
    isolate(template)
    assert "<bdi>\u202ename</bdi>" in template.render(Context({"name": "\u202ename"}))


def test_panels_and_badges_escape_what_they_show():
    html = rendered(
        '{% panel title anchor="p" %}{% badge state %}{{ name }}{% endbadge %}{% endpanel %}',
        title="<T>",
        name="<N>",
        state='"x',
    )
    assert html == (
        '<section class="panel" aria-labelledby="p"><h2 id="p" class="h3">&lt;T&gt;</h2>'
        '<span class="state state-&quot;x">&lt;N&gt;</span></section>'
    )
