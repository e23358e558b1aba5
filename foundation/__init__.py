"""Code below the apps: no models, no word of the domain, no import of an app."""
