"""Ground floor: what the Union asks for, by when, and on which conditions."""
