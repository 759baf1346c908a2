"""A flow: which systems, which routes, which mappings, tables and policies; read from `flows/<flow>/`, checked, typed."""
