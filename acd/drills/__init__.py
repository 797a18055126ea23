"""Drills: a fault is brought about on purpose in a running centre, watched, and reported for an auditor."""
