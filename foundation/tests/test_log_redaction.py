"""No log names a token."""

import logging

import pytest

from foundation.log_redaction import RedactTokens, without_tokens


@pytest.mark.parametrize(
    "text",
    [
        "Not Found: /organisations/join/SECRET/",
        "GET /proposals/invitations/SECRET/ HTTP/1.1",
        "/accounts/login/?next=/proposals/invitations/SECRET/",
        "GET /proposals/receipts/SECRET.SECRET.SECRET/pdf/ HTTP/1.1",
        "/accounts/login/?next=%2Forganisations%2Fjoin%2FSECRET%2F",
        "/accounts/password/reset/key/1-SECRET/",
        "/accounts/confirm-email/SECRET/",
        "/partners/searches/unsubscribe/SECRET/",
    ],
)
def test_a_token_is_left_out(text):
    assert "SECRET" not in without_tokens(text)
    record = logging.LogRecord("x", 30, "", 0, "%s: %s", ("Not found", text), None)
    RedactTokens().filter(record)
    assert "SECRET" not in record.getMessage()


@pytest.mark.parametrize(
    "text",
    [
        "/proposals/KF9W-BD5T/people/invite/",
        "/proposals/KF9W-BD5T/versions/1/receipt/",
        "join us / or not",
    ],
)
def test_other_texts_stay(text):
    assert without_tokens(text) == text
