"""What will be done by itself, and when: the schedules of a VM or of the fleet as time line, calendar and list."""
