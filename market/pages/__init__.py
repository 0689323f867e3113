"""The pages: what they show of a row, their tables and panels, and the sockets that keep them live."""
