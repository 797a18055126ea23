"""Tests of acd.customers."""
