"""Rounds of check-in visits: asked for, planned, looked at, published."""
