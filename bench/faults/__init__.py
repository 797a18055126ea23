"""Each fault that can befall a running centre, injected under load, and what it costs."""
