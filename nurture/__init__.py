"""Nurture sequences: the flow language, its engine, and what keeps both friendly. Pure: no I/O but reading flow files."""
