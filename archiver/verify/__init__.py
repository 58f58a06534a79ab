"""The one verifier: Evidence and Policy in, Report out. Never fetches, writes or opens a path."""
