"""The life-cycle of a VM as data: where it can be, what may be asked of it, and where every outcome leads.

Nothing here does input or output, and nothing outside decides a transition.
"""
