"""What came of people and flows: folded from the journal and from what flows sent. Pure."""
