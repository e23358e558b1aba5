"""People and organisations for tests, valid by default, made by the portal's own functions."""

from itertools import count
from typing import Any

from allauth.account.models import EmailAddress

from applicants.models import Organisation, ProfileSection, User
from applicants.organisations import register_organisation
from applicants.profile import PROFILE_STEPS
from applicants.step_storage import save_step

_numbers = count(1)
PASSWORD = "correct horse battery"


def make_user(**kwargs: Any) -> User:
    number = next(_numbers)
    values = {"email": f"person{number}@test.example", "full_name": f"Person {number}"}
    user = User.objects.create_user(password=PASSWORD, **values | kwargs)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def make_organisation(*, by: User | None = None, **kwargs: Any) -> Organisation:
    values = {
        "legal_name": f"Cluster {next(_numbers)}",
        "kind": Organisation.Kind.CLUSTER,
        "country": "FR",
    }
    return register_organisation(Organisation(**values | kwargs), by=by or make_user())


def profile_answers(organisation: Organisation) -> dict[str, dict[str, Any]]:
    return {
        "identity": {
            "legal_form": "Association",
            "founded": 2006,
            "street": "Rue 1",
            "postcode": "1000",
            "nuts": "",
            "description": "A cluster.",
        },
        "registration": {
            "status": "registered",
            "profile_link": f"https://platform.example/{organisation.pk}",
            "planned_on": None,
        },
        "members": {
            "total": 50,
            "smes": 40,
            "large": 5,
            "research": 5,
            "other": 0,
            "kinds": ["smes"],
            "staff": "2.50",
        },
        "sectors": {
            "sectors": ["plastics"],
            "emerging_industries": ["digital"],
            "technologies": [],
        },
        "services": {
            "offered": ["matchmaking"],
            "channelled": [],
            "other_service": "",
            "independent": "yes",
            "elements": ["C1"],
            "how": "By working together.",
            "definition": "2014",
        },
        "markets": {
            "third_markets": ["US"],
            "markets_in_europe": "",
            "label": "none",
            "label_date": None,
        },
        "contact": {
            "contact_name": "Kim Contact",
            "contact_function": "",
            "contact_email": f"contact{organisation.pk}@test.example",
            "contact_telephone": "",
        },
    }


def complete_profile(organisation: Organisation, *, by: User, **kwargs: Any) -> None:
    """Fill every step; `given` changes answers of a step by its name."""
    for step, answers in profile_answers(organisation).items():
        assert step in {form.slug for form in PROFILE_STEPS}
        section, _created = ProfileSection.objects.get_or_create(
            organisation=organisation, step=step
        )
        filled = answers | kwargs.get(step, {})
        save_step(section, answers=filled, seen_version=section.version, by=by)
