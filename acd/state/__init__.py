"""acd.state"""
