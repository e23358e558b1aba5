"""Admin pages of calls, rules and countries."""
