"""Readers' own lists of symbols."""
