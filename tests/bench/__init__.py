"""Mirrors bench/: what can be checked without an Asterisk."""
