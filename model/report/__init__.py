"""The report of an evaluation: one HTML file without scripts or outside addresses."""
