"""What the engine was told and what it answered, kept in files and played again."""
