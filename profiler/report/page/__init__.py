"""The parts of the HTML page: its data and tables, the words around its charts, its downloads and its JavaScript."""
