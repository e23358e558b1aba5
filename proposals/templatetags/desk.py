"""What the officers' desk shows on its first page."""

from typing import Any

from django import template
from django.template import Context

from calls import clock
from proposals.desk import queue

register = template.Library()


@register.simple_tag(takes_context=True)
def my_queue(context: Context) -> list[tuple[str, Any, int]]:
    """Name, label and length of each queue, for who may read cases; empty for others."""
    officer = context["request"].user
    if not officer.has_perm("proposals.view_version"):
        return []
    moment = clock.now()
    counts = queue.lengths(queue.counting_versions(officer, moment), officer=officer, moment=moment)
    return [(name, label, counts[name]) for name, label in queue.Queue.choices]
