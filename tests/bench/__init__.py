"""How fast vouchers are claimed, beside what else could claim them on the same machine: `make bench`."""
