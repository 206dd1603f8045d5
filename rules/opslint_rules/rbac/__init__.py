"""RBAC: who may do too much."""
