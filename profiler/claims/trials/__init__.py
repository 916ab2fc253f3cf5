"""What a claim has done with torch itself, in a child process: functions of plain arguments that return records."""
