"""What everything stands on: errors, files, child processes, signals, privacy, and the base of all records."""
