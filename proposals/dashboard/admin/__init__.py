"""Admin pages of the dashboard of a call."""
