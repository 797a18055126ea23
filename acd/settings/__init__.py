"""acd.settings"""
