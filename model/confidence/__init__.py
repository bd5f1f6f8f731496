"""Say how far a network may be wrong: spreads, calibrated intervals, and the alarm for unfamiliar scans."""
