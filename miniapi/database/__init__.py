"""PostgreSQL: the embedded server, the connection and the schema."""
