"""The gateway in front of the laboratory and the relay in the hospital."""
