"""Putting the product on a cluster without administrator rights: profiles, Geant4 data, a check by a short simulation."""
