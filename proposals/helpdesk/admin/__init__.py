"""Admin pages of the helpdesk."""
