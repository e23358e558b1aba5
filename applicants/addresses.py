"""When a stored email address is a given one: the same characters but for upper and lower case."""

from django.db.models import Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact


def is_address(place: object, address: str) -> Exact:
    """A condition of a query; `place` is a field's name or an expression.

    Not `iexact`: PostgreSQL compares what is in upper case, and there the dotless ı is an I and the long ſ
    an S. Whoever has the mailbox with such a letter is somebody else.
    """
    return Exact(Lower(place), Value(address.strip().lower()))
