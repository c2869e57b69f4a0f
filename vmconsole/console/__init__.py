"""The full-screen console: reads the store, submits operations, never waits on a host."""
