"""How instants look where Django writes them, as in the lists of its admin."""
