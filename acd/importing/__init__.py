"""Configurations of Asterisk's own queues, turned into ours."""
