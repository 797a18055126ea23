"""`/api/live`: what changes, to the browsers, as it changes. docs/api.md says what is spoken on it."""
