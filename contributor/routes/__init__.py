"""HTTP routes: parse, call a service, serialise."""
