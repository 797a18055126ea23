"""Accounts, sessions and tokens in the database."""
