"""What both daemons share: protocol, trust, transport, storage, supervision, web, Flower."""
