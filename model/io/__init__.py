"""Readers and writers of studies, projections and weights; torch-free, so that a daemon may use them."""
