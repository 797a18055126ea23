"""acd.customers"""
