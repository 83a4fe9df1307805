"""The benchmark for reading: `make bench`, or `python -m bench` with the databases up."""
