"""Names to pairs: scan a file tree, ask a teacher, curate."""
