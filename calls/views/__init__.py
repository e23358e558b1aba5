"""Pages of calls; each subject has a module of its own."""

from calls.views.call import calendar, call, call_list, move_clock
from calls.views.conditions import countries, rules
from calls.views.self_check import self_check

__all__ = ["calendar", "call", "call_list", "countries", "move_clock", "rules", "self_check"]
