"""Versions side by side on loopback behind one port: start them, switch between them, stop them."""
