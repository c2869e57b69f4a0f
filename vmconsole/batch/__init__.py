"""The headless face: parse, read or submit, wait, print. Only `output` writes."""
