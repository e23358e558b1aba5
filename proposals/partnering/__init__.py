"""Partner search: requests of organisations tied to a call, finding them, and getting into touch."""
