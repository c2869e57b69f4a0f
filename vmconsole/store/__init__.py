"""The store: one SQLite file, or one PostgreSQL database, that every process of the program shares."""
