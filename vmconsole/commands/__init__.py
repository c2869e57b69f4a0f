"""Every command, declared once: the parser, the help, the `:` line, the palette and the key map read the declarations."""
