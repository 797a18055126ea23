"""Tests of acd.records."""
