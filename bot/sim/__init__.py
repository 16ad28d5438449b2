"""Whole conversations in virtual time: the real service with people, agents and troubles from a seed, and a watch on what may
never happen."""
