"""The conformance suite of odbc_engine: the contract as data, and the conductor that proves it."""
