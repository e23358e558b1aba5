"""Texts in tables that spreadsheets open: none of them begins a formula."""

import unicodedata

# Spreadsheets of some languages take the wide forms too.
_STARTS_A_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})


def escape_formula(cell: str) -> str:
    """A cell that no spreadsheet reads as a formula, even if invisible characters precede it."""
    seen = next((sign for sign in cell if unicodedata.category(sign) not in _UNSEEN), "")
    return f"'{cell}" if seen in _STARTS_A_FORMULA or cell.startswith(("\t", "\r")) else cell
