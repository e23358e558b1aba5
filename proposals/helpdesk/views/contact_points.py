"""The directory of contact points, for everybody."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from applicants.models import Organisation, User
from foundation.folding import words_in
from proposals.helpdesk.contact_points import nearest
from proposals.models import LANGUAGES, ContactPoint
from proposals.partnering.facets import country_names


@require_safe
def directory(request: HttpRequest) -> HttpResponse:
    """Contact points, those near one's own organisations on top; narrowed by country, language, words.

    Those for all countries are below, whatever is asked.
    """
    points = list(ContactPoint.objects.all())
    names = country_names()
    languages = sorted({code for point in points for code in point.languages})
    country, language = request.GET.get("country", ""), request.GET.get("language", "")
    words = words_in(request.GET.get("q", ""))
    national = [point for point in points if point.country]
    shown = [point for point in national if _fits(point, country, language, words)]
    own: Any = []
    if isinstance(request.user, User):
        own = list(Organisation.objects.with_member(request.user))
    context = {
        "points": shown,
        "general": [point for point in points if not point.country],
        "asked_country": names.get(country, ""),
        "is_narrowed": bool(country or language or words),
        "nearest": nearest(shown, own),
        "has_own": bool(own),
        "countries": sorted((str(name), code) for code, name in names.items()),
        "languages": [(code, LANGUAGES.get(code, code)) for code in languages],
        "country": country,
        "language": language,
        "q": request.GET.get("q", ""),
    }
    return render(request, "helpdesk/directory.html", context)


def _fits(point: ContactPoint, country: str, language: str, words: list[str]) -> bool:
    own = words_in(f"{point.name} {point.region} {point.town} {point.text} {point.country_name}")
    return (
        (not country or point.country == country)
        and (not language or language in point.languages)
        and all(any(text.startswith(word) for text in own) for word in words)
    )
