"""What the sink applies to an installation: one handler per canonical entity."""
