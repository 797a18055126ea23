"""acd.records"""
