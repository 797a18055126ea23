"""Flows: one caller at a time, without a telephone."""
