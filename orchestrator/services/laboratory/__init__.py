"""The laboratory's own work: data sets on this computer, central training, comparing and trying models."""
