"""Every command, declared once: parser, help, `:` line, palette and key map all read the declarations."""
