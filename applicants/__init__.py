"""Middle layer: people, their organisations and their cluster profiles."""
