"""Pages of proposals: drafts and consortium, steps, files, and sending."""
