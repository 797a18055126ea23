"""The kinds of steps: what each begins with, and what it makes of an outcome."""
