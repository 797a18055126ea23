"""Flows: from files that were read to the objects of `acd.ivr.flow`, every problem noted on the way."""
