"""Contacts that come in as CSV, and go out as CSV or JSON."""
