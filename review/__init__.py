"""Pairs to pairs a person stands behind: flags, a table to correct, and the person's words applied."""
