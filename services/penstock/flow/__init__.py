"""A flow: which systems, which routes, which mappings and tables; read from `flows/<flow>/`, checked, typed."""
