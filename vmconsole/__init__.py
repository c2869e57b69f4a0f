"""vmconsole: a terminal administration console for the virtual machines of libvirt hosts."""

import os
import sys

__version__ = "0.1.0"

# In a wheel the drivers lie inside this package, so that no generic top-level name is installed; a checkout has no
# such folder.
_lib = os.path.join(os.path.dirname(__file__), "_lib")
if os.path.isdir(_lib) and _lib not in sys.path:
    sys.path.insert(0, _lib)
