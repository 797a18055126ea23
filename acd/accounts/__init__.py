"""Who may use the desktop: accounts, sessions, tokens of programs, and the log of what they did."""
