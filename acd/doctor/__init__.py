"""`acd doctor`: looks at an installation from the outside, as far as it runs, and says what to do."""
