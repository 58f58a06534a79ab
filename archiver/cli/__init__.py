"""The command line: parse, one call into work, render."""
