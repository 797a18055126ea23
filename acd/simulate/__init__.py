"""The production engine on a virtual clock, with callers and agents drawn by chance: what would happen if.

Only here is chance allowed. The engine is driven as Asterisk drives it, through events and commands.
"""
