"""Tests of acd.simulate."""
