"""The roof: knows every floor of the portal, and no floor knows it."""
