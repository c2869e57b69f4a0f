"""KVM hosts through libvirt, and libvirt's own test driver."""

from __future__ import annotations

import os

# The library writes its warnings to the terminal otherwise. It reads this once, when it is first imported.
os.environ.setdefault("LIBVIRT_LOG_OUTPUTS", "4:file:/dev/null")
