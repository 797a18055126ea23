"""Asterisk's queue_log: written from our facts, and read as facts."""
