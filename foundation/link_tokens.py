"""Tokens of links that let somebody in. Only the hash is stored: a copy of the database opens nothing."""

import hashlib
import secrets

BYTES = 32


def new_token() -> str:
    return secrets.token_urlsafe(BYTES)


def token_hash(token: str) -> str:
    """SHA-256; a token is random and long, so that a slow hash would add nothing."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
