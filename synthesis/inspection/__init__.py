"""Looking at what was made: contact sheet and statistics, how far a run is, what one would cost, joining folders."""
