"""Tests of `acd.webhooks`."""
