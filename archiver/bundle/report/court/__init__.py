"""The court packet: drafts for a person to complete, filled from the signed records. No legal advice."""
