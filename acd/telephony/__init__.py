"""Asterisk: the only package that says AMI, AGI, channel or uniqueid."""
