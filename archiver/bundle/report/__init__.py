"""README.txt and report.html: the evidence in words for people, written anew and compared by whoever verifies."""
