"""The coordinating daemon of the laboratory."""
