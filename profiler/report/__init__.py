"""Report: what judging found, spelled. `document` puts the sessions together; each format says how a row looks."""
