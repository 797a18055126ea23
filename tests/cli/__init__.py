"""The command line, as an operator uses it."""
