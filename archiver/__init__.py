"""Prove later what a web page said: capture, seal, verify, recheck and export quoted statements."""

__version__ = "0.1.0"
