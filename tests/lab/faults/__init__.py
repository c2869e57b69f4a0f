"""Real faults on real hosts: each leads to one failure of the life-cycle, and is mended afterwards."""
