"""Saved reports: kept with what they ask, worked out when they are due, and sent by e-mail."""
