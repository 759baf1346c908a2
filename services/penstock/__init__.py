"""Keeps shops and ERPs in step through a Kafka log."""
