"""Pairs to student: tune, evaluate, export."""
