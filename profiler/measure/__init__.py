"""Measure: a supervisor that plans passes and keeps the session, and workers that time one block after another."""
