"""A walk over the whole life-cycle on real hosts: every action, at every place where a VM can rest."""
