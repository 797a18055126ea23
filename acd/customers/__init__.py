"""Who is calling: the customers, found by their number."""
