"""Forms for commands, made from their declarations: a command that is declared has one."""
