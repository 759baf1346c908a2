"""Histories of orders and stock, and whatever can happen on their way: the target ends as the last of them says."""
