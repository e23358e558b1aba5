"""Top floor: writing a proposal together, handing it in, its receipt, and screening."""
