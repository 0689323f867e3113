"""A trading day in a page and in a message."""
