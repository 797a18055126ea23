"""The mirror of live state."""
