"""Drills, without a centre."""
