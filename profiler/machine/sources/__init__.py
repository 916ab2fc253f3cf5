"""Where hardware facts come from: a module for each source, and `statements` for what any of them says of caches."""
