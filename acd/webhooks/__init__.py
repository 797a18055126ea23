"""Webhooks: other systems are told of calls and agents, signed, and again until they have heard it."""
