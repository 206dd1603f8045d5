"""opslint: a linter for Helm charts, Kubernetes manifests and Terraform on EKS."""

from __future__ import annotations

__version__ = "0.1.0"
