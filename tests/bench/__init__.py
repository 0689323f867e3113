"""Benches: each module measures one thing and yields figures. `make bench` prints them, one JSON object a line."""
