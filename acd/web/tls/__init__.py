"""TLS of the web process: its certificate and key, and their exchange while it runs."""
