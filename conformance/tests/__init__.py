"""Tests of the conductor itself, with harnesses that crash, hang and lie."""
