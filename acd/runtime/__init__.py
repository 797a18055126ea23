"""The shell around the engine: feeds it one event at a time, runs its commands, arms its one timer."""
