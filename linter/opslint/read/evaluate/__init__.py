"""Terraform expressions evaluated without Terraform: three-valued, on demand, with the place of every value."""
