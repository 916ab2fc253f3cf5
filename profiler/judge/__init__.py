"""Judge: from a session to its verdicts, the rows they stand in, and all that is said of one or several sessions."""
