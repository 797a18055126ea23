"""Counted figures kept for quarters of an hour and for days: a cache beside the rows that cannot be wrong."""
