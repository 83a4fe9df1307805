"""The conductor: plans the cells, drives the harnesses, compares and reports."""
