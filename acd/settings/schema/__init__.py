"""What each kind of file may hold, one module per kind. Only shapes and ranges; references between
entries are checked in `acd.settings.references`.
"""
