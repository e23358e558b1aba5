"""Passwords: hashes of earlier parameters stay valid, and are made again at the next sign-in."""

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from applicants.tests.factories import make_user
from cosme_portal import settings as shipped

pytestmark = pytest.mark.django_db


def test_a_hash_of_other_parameters_is_made_anew_at_the_next_sign_in(settings):
    settings.PASSWORD_HASHERS = shipped.PASSWORD_HASHERS
    user = make_user()
    user.password = Argon2PasswordHasher().encode("correct horse", "saltsaltsalt")
    user.save()
    request = RequestFactory().post("/")
    request.user = AnonymousUser()
    assert authenticate(request, username=user.email, password="correct horse") == user
    user.refresh_from_db()
    assert user.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert user.check_password("correct horse")
