"""Admin pages of cases and decisions."""
