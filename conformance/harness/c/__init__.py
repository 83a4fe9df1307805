"""The conformance harness of the C ABI: ``python -m conformance.harness.c``."""
