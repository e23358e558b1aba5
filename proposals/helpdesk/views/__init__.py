"""Pages of the helpdesk and of contact points."""
