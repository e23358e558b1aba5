"""Names and addresses that people write differently are compared alike, and others are not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.folding import folded_address, folded_name


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Müller Cluster", "Mueller Cluster"),
        ("Müller", "Muller"),
        ("Łódź", "Lodz"),
        ("Ørsted", "Orsted"),
        ("Ørsted", "Oersted"),
        ("Århus", "Aarhus"),
        ("Straße", "STRASSE"),
        ("Ærø", "Aeroe"),
        ("Œuvre", "Oeuvre"),
        ("İzmir", "Izmir"),
        ("Silicon Saxony", "Silicon Saxony e.V."),
        ("Silicon Saxony", "Silicon Saxony eV"),
        ("Silicon Saxony", "Silicon Saxony E. V."),
        ("Optik", "Optik GmbH"),
        ("Optik", "Optik GmbH & Co. KG"),
        ("Optik", "Optik gGmbH"),
        ("Health", "Health ASBL"),
        ("Health", "a.s.b.l. Health"),
        ("Health", "Health (AISBL)"),
        ("Klaster", "Klaster Sp. z o.o."),
        ("Klaster", "Klaster sp. z o. o."),
        ("Klaster", "Klaster Spółka z ograniczoną odpowiedzialnością"),
        ("Bio", "Bio S.A."),
        ("Bio", "Bio S.p.A."),
        ("Bio", "Bio s.r.o."),
        ("Bio", "Bio A/S"),
        ("Bio", "Bio d.o.o."),
        ("Bio", "Stichting Bio"),
        ("Био", "Био ЕООД"),
        ("Food & Drink", "Food and Drink"),
        ("Food & Drink", "Food und Drink"),
        ("Food + Drink", "Food et Drink"),
        ("Micro-Technologie", "Microtechnologie"),
        ("  Two\u00a0words ", "two words"),
        ("Ⅳ Cluster", "IV cluster"),
        ("Cafe\u0301", "Café"),
    ],
)
def test_names_that_people_write_differently_fold_alike(name, other):
    assert folded_name(name) == folded_name(other) != ""


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Optik Berlin", "Optik Bern"),
        ("AB", "SA"),
        ("GmbH", "AG"),
        ("Cluster 1", "Cluster 2"),
        ("нет", "да"),
    ],
)
def test_different_names_stay_different(name, other):
    assert folded_name(name) != folded_name(other)


@pytest.mark.parametrize("name", ["", " ", "-", "!", "&", "…"])
def test_a_name_without_letters_folds_to_nothing(name):
    assert folded_name(name) == ""


@pytest.mark.parametrize(
    "address",
    [
        "https://platform.example/clusters/łódź",
        "http://platform.example/clusters/łódź",
        "HTTPS://WWW.Platform.Example/clusters/łódź",
        "https://platform.example:443/clusters/łódź",
        "http://platform.example:80/clusters/łódź",
        "https://platform.example/clusters/%C5%82%C3%B3d%C5%BA",
        "https://platform.example/clusters/%c5%82%c3%b3d%c5%ba/",
        "https://platform.example//clusters/łódź//",
        "https://platform.example/clusters/łódź?lang=en",
        "https://platform.example/clusters/łódź/?Lang=en&utm_source=mail",
        "https://platform.example/clusters/łódź#top",
        "https://platform.example./clusters/łódź",
        "platform.example/clusters/łódź",
        " https://platform.example/clusters/łódź\n",
    ],
)
def test_addresses_of_one_page_fold_alike(address):
    assert folded_address(address) == "platform.example/clusters/łódź"


@pytest.mark.parametrize(
    ("address", "other"),
    [
        ("https://a.example/1", "https://a.example/2"),
        ("https://a.example/?id=1", "https://a.example/?id=2"),
        ("https://a.example:8443/", "https://a.example/"),
        ("https://a.example/", "https://b.example/"),
    ],
)
def test_addresses_of_different_pages_stay_different(address, other):
    assert folded_address(address) != folded_address(other)


def test_names_of_hosts_in_both_spellings_fold_alike():
    assert folded_address("https://xn--mnchen-3ya.example") == folded_address("münchen.example")


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=60))
def test_any_text_can_be_folded_and_its_last_word_is_kept(text):
    assert folded_name(f"{text} x1").endswith("x1")
    folded_name(text)
    folded_address(text)


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=40))
def test_an_address_with_any_path_and_port_can_be_folded(text):
    folded_address(f"https://platform.example:{text}/{text}?{text}")
    folded_address(f"https://[{text}]/")
