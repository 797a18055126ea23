"""The shell, the reception and the control socket, on a switch and lines made by hand."""
