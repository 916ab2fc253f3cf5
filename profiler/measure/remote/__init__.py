"""A board over SSH: check, install, send, start, follow, fetch and clean, each a function that takes a connection.

None of them knows the order: `measure` puts them into one for a single board, a fleet may choose another.
The extra `remote` brings asyncssh, on the laptop alone. It is one typed library that reads the user's SSH configuration
(`Host`, `Match`, `Include`, `ProxyJump`, ...), asks the agent, refuses host keys that nobody accepted, and tells a lost
connection from a command that failed. fabric accepts unknown host keys unless told otherwise, and a child process `ssh`
says what went wrong in words that differ by version.
"""
