"""What a hospital can do, free of Flask."""
