"""The ACD itself, pure: `(event, now)` in, commands out. No clock, no I/O, no await, no logging."""
