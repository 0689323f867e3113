"""Load on the WebSocket API: real processes and a crowd of clients that measures them (`python -m tests.load`)."""
