"""Pages on which a proposal is written together."""
