"""A conversation: a message comes in, a reply goes out; knows no HTTP and no database."""
