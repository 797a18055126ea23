"""The border to Asterisk, on loopback sockets and against a scripted manager interface."""
