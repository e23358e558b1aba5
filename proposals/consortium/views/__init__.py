"""Pages of the consortium: people and invitations, and who still has to do something."""
