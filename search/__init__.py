"""family → trials → champion: the cross-fitted protocol, the studies, resume."""
