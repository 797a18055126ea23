"""Tests of acd.settings."""
