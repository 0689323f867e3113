"""Alerts as pages show them, live and by day."""
