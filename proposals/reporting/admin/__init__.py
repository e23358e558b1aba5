"""Admin pages of figures, exports and records."""
