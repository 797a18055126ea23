"""Real SIP phones and callers for tests: baresip, SIPp, and an exactly steered phone of our own."""
