"""Tests of the call centre; the folders mirror those of `acd`."""
