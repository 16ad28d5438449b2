"""What must survive a kill: tables, queries and migrations behind one contract."""
