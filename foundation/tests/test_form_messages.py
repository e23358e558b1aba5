"""Error messages name their field and say what to do; those that a form declares itself stay."""

import pytest
from django import forms
from django.core.exceptions import ValidationError

from foundation.form_messages import with_label


class Form(forms.Form):
    full_name = forms.CharField(label="Full name", max_length=5, min_length=2)
    pic = forms.CharField(label="PIC")
    your_text = forms.CharField(label="Your text")
    email = forms.EmailField(label="Email address")
    website = forms.URLField(label="Website", assume_scheme="https")
    count = forms.IntegerField(label="Share in %", min_value=1, max_value=9)
    kind = forms.ChoiceField(label="Type (100%)", choices=[("a", "A")])
    question = forms.ChoiceField(label="Do you agree?", choices=[("a", "A")])
    file = forms.FileField(label="PDF file")
    consent = forms.BooleanField(label="I agree")
    own = forms.CharField(label="Own", error_messages={"required": "Enter it here"})


def errors(**kwargs):
    return {name: texts[0] for name, texts in Form(kwargs).errors.items()}


def test_a_missing_value_is_asked_for_by_the_name_of_its_field():
    assert errors() == {
        "full_name": "Enter the full name",
        "pic": "Enter the PIC",
        "your_text": "Enter your text",
        "email": "Enter the email address",
        "website": "Enter the website",
        "count": "Enter the share in %",
        "kind": "Select the type (100%)",
        "question": "Answer “Do you agree?”",
        "file": "Select the PDF file",
        "consent": "Tick “I agree”",
        "own": "Enter it here",
    }


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("full_name", "123456", "Full name must be 5 characters or fewer"),
        ("full_name", "1", "Full name must be 2 characters or more"),
        ("email", "x", "Enter an email address in the correct format, like name@example.com"),
        (
            "website",
            "x y",
            "Enter a web address in the correct format, like https://www.example.com",
        ),
        ("count", "0", "Share in % must be 1 or more"),
        ("count", "10", "Share in % must be 9 or less"),
        ("count", "ten", "Share in % is not in the correct format. Enter it again"),
        ("kind", "b", "Select the type (100%) from the list"),
        ("question", "b", "Select an answer to “Do you agree?” from the list"),
    ],
)
def test_a_wrong_value_is_answered_with_the_name_of_its_field(name, value, sentence):
    assert errors(**{name: value})[name] == sentence


def test_errors_that_a_form_adds_by_itself_stay():
    form = Form({})
    form.full_clean()
    form.add_error("pic", "Not this one")
    form.add_error(None, ValidationError("Nothing fits"))
    assert form.errors["pic"] == ["Enter the PIC", "Not this one"]
    assert form.non_field_errors() == ["Nothing fits"]


def test_a_list_of_errors_names_each_field_once():
    assert with_label("PIC", "Enter the PIC") == "Enter the PIC"
    assert with_label("Title", "3 characters too many") == "Title: 3 characters too many"
