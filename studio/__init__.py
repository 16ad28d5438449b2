"""The marketers' side: their API, reports, contacts."""
