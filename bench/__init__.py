"""Side-by-side measurements: `script/bench`."""
