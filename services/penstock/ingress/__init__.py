"""Webhooks in, pollers, and extraction: whole source documents to the raw topics. Thin."""
