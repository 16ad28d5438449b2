"""Stand-ins for the outside world, used by tests, the demo and benchmarks."""
