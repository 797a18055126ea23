"""Look-ups of flows: the customer directory, and other systems by HTTP."""
