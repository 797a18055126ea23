"""Tests of the phones that play crowds."""
