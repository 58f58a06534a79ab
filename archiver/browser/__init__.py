"""The only browser."""
