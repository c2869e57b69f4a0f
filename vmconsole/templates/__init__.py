"""What people write: templates, sizes, names, requirements, ranks, user inputs and filters; pure, no I/O."""
