"""Alarm panels and transmitters over SIA DC-09 (ANSI/SIA DC-09-2021)."""
