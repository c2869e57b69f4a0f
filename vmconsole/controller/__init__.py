"""The one process that changes things: it holds the lease, executes operations, watches hosts and places VMs."""
