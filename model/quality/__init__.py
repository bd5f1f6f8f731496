"""Quality control of a SPECT study: what is wrong with it, in plain sentences with numbers and a picture. Torch-free."""
