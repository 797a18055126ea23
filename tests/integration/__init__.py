"""Tests with a real Asterisk, real SIP phones and callers."""
