"""Feeds: get, read, compare with what is known."""
