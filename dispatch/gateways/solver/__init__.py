"""The planner of rounds: PyVRP in child processes."""
