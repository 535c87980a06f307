"""Ways back into the mini-program: a picture to scan, an address to open."""
