"""SQLAlchemy tables, one module a table group; nobody else writes SQL."""
