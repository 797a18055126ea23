"""Traces of calls for OpenTelemetry, where somebody collects them: see `spans` and `sender`."""
