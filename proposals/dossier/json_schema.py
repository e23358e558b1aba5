"""JSON Schemas (2020-12) of dossiers and verdicts, made from the classes that read and write them."""

from typing import Any

from pydantic import TypeAdapter

from calls.eligibility import Verdict
from proposals.dossier.document import FORMAT
from proposals.dossier.file_format import FORMATS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def dossier_schema(version: str = FORMAT) -> dict[str, Any]:
    """Of what `manage.py screen` reads and a receipt has attached, in this or an earlier format."""
    schema = FORMATS[version].model_json_schema()
    return {"$schema": DIALECT, "$id": f"urn:{version.replace('/', ':')}"} | schema


def verdict_schema() -> dict[str, Any]:
    """Of what `manage.py screen` writes and a verdict is stored as."""
    schema = TypeAdapter(Verdict).json_schema(mode="serialization")
    for part in (schema, *schema["$defs"].values()):
        if "properties" in part:
            part["additionalProperties"] = False
            part["required"] = list(part["properties"])
    return {"$schema": DIALECT, "$id": "urn:cosme-verdict:1"} | schema
