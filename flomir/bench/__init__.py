"""Where every figure of the project comes from: `flomir bench NAME`."""
