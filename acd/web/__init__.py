"""The web process: pages, API and live picture of the desktop; and the controller's page of its health."""
