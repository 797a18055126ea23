"""The shapes of steps, and of what callers hear in them. `acd.ivr.flow` has them all."""
