"""Reading informal messages: which intent, how sure, and what was mentioned."""
