"""Visits that are due, those who make them, and the rounds that follow: days, order and times. Pure."""
