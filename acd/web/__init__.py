"""acd.web"""
