"""Controllers on several hosts: what their journals say together."""
