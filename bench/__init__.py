"""Figures beside the alternatives: everything is started as a user would start it, and measured from outside."""
