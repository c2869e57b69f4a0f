"""Reaching into a guest from the screen: its serial console and its display, straight at the host."""
