"""Top layer: writing a proposal together, submitting it, its receipt, and screening."""
