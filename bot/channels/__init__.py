"""Channels translate in, render out and verify; they decide nothing."""
