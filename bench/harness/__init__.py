"""What plans, builds, runs and reports the benchmark."""
