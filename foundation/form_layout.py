"""Layouts of forms on Bootstrap's grid."""

from crispy_forms.layout import Column, Row


def grid_row(**widths: int) -> Row:
    """Fields side by side, each with its width in twelfths; below one another on a narrow screen."""
    return Row(*(Column(name, css_class=f"col-md-{width}") for name, width in widths.items()))
