"""What an HTML page is made of: its elements, its drawings, a style sheet and a script, all of its own."""
