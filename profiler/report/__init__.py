"""Report: sessions in, text out. `summary` derives everything once; each format says only how it looks."""
