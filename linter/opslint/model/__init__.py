"""Sources, nodes, Kubernetes and Terraform objects, findings: plain data."""
