"""From stored bytes to page text, article facts, statements and their anchors. Pure."""
