"""Where hardware facts come from: one module a source."""
