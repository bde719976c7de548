"""The migrations of the tables, oldest first; run by Alembic over what `database.py` hands in."""
