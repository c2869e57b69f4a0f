"""A lab of real libvirt hosts on one machine: `with Lab(directory, hosts=2) as lab:`."""
