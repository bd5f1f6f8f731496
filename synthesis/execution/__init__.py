"""Where samples are made: the local process pool, and what runs inside one of its processes."""
