"""The declaration on honour that a call asks of the coordinator at submission: its text and its hash."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calls.eligibility import digest_of


@dataclass(frozen=True)
class Declaration:
    """What is declared, part by part; `digest` changes with every character of it."""

    title: str
    text: str
    points: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Declaration | None":
        """The declaration as a call stores it; None where it asks for none."""
        if not data:
            return None
        return cls(data["title"], data["text"], tuple(data["points"]))

    def as_json(self) -> dict[str, Any]:
        return {"title": self.title, "text": self.text, "points": list(self.points)}

    @property
    def digest(self) -> str:
        return digest_of(self.as_json())
