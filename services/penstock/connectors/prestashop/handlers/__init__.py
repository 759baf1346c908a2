"""What the sink applies to a shop: one handler per canonical entity."""
