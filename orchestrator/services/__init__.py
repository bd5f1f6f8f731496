"""What the laboratory can do, free of Flask."""
