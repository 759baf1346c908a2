"""Canonical vocabulary: raw documents, ids, fates. Pure; imports nothing of ours."""
