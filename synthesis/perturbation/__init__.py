"""What a measurement adds to the expected counts: noise, an imperfect camera, a patient who moves, a wrong mu-map."""
