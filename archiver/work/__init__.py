"""One module a verb: parts in, result out."""
