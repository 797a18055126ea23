"""Files of what callers and agents said: on record, compressed, kept elsewhere, and checked."""
