"""The floor of a list: reads the rows and prints them, with no program around it."""

import sqlite3
import sys

ROWS = """
    SELECT vm.id, user_account.name, user_group.name, vm.name, vm.state, vm.lcm_state, vm.cpu_percent,
        vm.memory_used_kib, coalesce(host.name, ''), vm.start_time
    FROM vm
    JOIN user_account ON user_account.id = vm.user_id
    JOIN user_group ON user_group.id = vm.group_id
    LEFT JOIN host ON host.id = vm.host_id
    WHERE vm.state <> 6
    ORDER BY vm.id DESC
"""
LINE = "%6d %-8s %-8s %-20s %2d %2d %5.1f %9d %-12s %d\n"

store = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
sys.stdout.write("".join([LINE % row for row in store.execute(ROWS)]))
