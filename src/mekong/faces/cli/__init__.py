"""The command line: everything an operator does at a terminal."""
