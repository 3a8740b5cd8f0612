"""Ways of reaching a member: one file each, and nothing here knows the service that calls it."""
