"""What every route shares: reading requests, writing answers and problems, pages, idempotency."""
