"""What is kept of people, for how long, and how it is given out, made nobody's, or deleted."""
