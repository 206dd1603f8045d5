"""opslint: a linter for Helm charts, Kubernetes manifests and Terraform on EKS."""

from __future__ import annotations

from typing import Final

__version__: Final = "0.1.0"
