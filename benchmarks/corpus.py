"""A varied corpus of manifests, the same at every run."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WORDS = [
    "cart",
    "order",
    "stock",
    "price",
    "ship",
    "mail",
    "user",
    "auth",
    "search",
    "image",
    "queue",
    "report",
    "bill",
]


def _container(rng: random.Random, name: str) -> str:
    probe = "\n          readinessProbe:\n            httpGet: {path: /healthz, port: http}"
    probe = probe if rng.random() < 0.7 else ""
    limit = f"\n            limits: {{memory: {rng.choice((128, 256, 512))}Mi}}" if rng.random() < 0.8 else ""
    env = "".join(
        f'\n            - name: {rng.choice(WORDS).upper()}_{number}\n              value: "{rng.randrange(10**9)}"'
        for number in range(rng.randrange(4, 16))
    )
    return f"""
        - name: {name}
          image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/{name}:v{rng.randrange(9)}.{rng.randrange(30)}
          ports:
            - name: http
              containerPort: 8080
          env:{env}
          resources:
            requests:
              cpu: {rng.choice((50, 100, 250))}m
              memory: 128Mi{limit}{probe}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop: ["ALL"]"""


def manifest(rng: random.Random, number: int) -> str:
    """Return one application: a workload, and most of what goes with it."""
    name = f"{rng.choice(WORDS)}-{number}"
    kind = rng.choices(("Deployment", "StatefulSet", "DaemonSet"), (8, 1, 1))[0]
    replicas = "" if kind == "DaemonSet" else f"\n  replicas: {rng.randrange(1, 5)}"
    service = f"\n  serviceName: {name}" if kind == "StatefulSet" else ""
    documents = [
        f"""apiVersion: apps/v1
kind: {kind}
metadata:
  name: {name}
  namespace: shop-{number % 40}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/part-of: shop
spec:{replicas}{service}
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
    spec:
      serviceAccountName: {name}
      containers:{_container(rng, name)}{_container(rng, name + "-proxy") if rng.random() < 0.3 else ""}
""",
        f"""apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop-{number % 40}}}
spec:
  selector: {{app.kubernetes.io/name: {name}}}
  ports: [{{name: http, port: 80, targetPort: http}}]
""",
        f"""apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
  namespace: shop-{number % 40}
data:
  settings.properties: |
"""
        + "".join(f"    {rng.choice(WORDS)}.{line}={rng.randrange(10**6)}\n" for line in range(rng.randrange(5, 30))),
    ]
    if rng.random() < 0.5 and kind != "DaemonSet":
        version = "policy/v1beta1" if rng.random() < 0.05 else "policy/v1"
        documents.append(
            f"""apiVersion: {version}
kind: PodDisruptionBudget
metadata: {{name: {name}, namespace: shop-{number % 40}}}
spec:
  maxUnavailable: 1
  selector: {{matchLabels: {{app.kubernetes.io/name: {name}}}}}
"""
        )
    if rng.random() < 0.3:
        documents.append(
            f"""apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: {name}, namespace: shop-{number % 40}}}
rules:
  - apiGroups: [""]
    resources: [configmaps]
    verbs: [get, list, watch]
"""
        )
    return "---\n".join(documents)


def write(folder: Path, count: int) -> int:
    """Write `count` files of several documents each; return their size in bytes."""
    rng = random.Random(20261122)  # noqa: S311 - a corpus, not a secret
    size = 0
    for number in range(count):
        path = folder / f"team-{number % 25}" / f"app-{number}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = manifest(rng, number)
        path.write_text(text, encoding="utf-8")
        size += len(text)
    return size


def _terraform(rng: random.Random, number: int) -> str:
    """Return a file of Terraform: variables, locals with expressions, resources with nested blocks, a module call."""
    name = f"{rng.choice(WORDS)}-{number}"
    key = name.replace("-", "_")
    tags = "".join(f'    {rng.choice(WORDS)}{at} = "{rng.randrange(10**6)}"\n' for at in range(rng.randrange(3, 9)))
    rules = "".join(
        f"""
  ingress {{
    description = "{rng.choice(WORDS)} number {at}"
    from_port   = {rng.randrange(65536)}
    to_port     = {rng.randrange(65536)}
    protocol    = "tcp"
    cidr_blocks = ["10.{rng.randrange(256)}.0.0/16", var.{key}_network]
  }}
"""
        for at in range(rng.randrange(2, 7))
    )
    return f"""# What {name} needs.
variable "{key}_network" {{
  description = "Where {name} is called from"
  type        = string
  default     = "10.{rng.randrange(256)}.0.0/16"
}}

variable "{key}_settings" {{
  type = object({{
    size    = optional(number, {rng.randrange(1, 9)})
    classes = optional(map(list(string)), {{}})
  }})
  default = {{}}
}}

locals {{
  {key}_tags = merge(var.tags, {{
{tags}  }})
  {key}_names = [for at in range(var.{key}_settings.size) : format("%s-%02d", "{name}", at) if at % 2 == 0]
  {key}_class = var.environment == "prod" ? "db.r6g.{rng.choice(("large", "xlarge"))}" : "db.t4g.medium"
}}

resource "aws_security_group" "{key}" {{
  name_prefix = "${{local.prefix}}-{name}-"
  vpc_id      = module.vpc.vpc_id
  tags        = local.{key}_tags
{rules}
  lifecycle {{
    create_before_destroy = true
  }}
}}

resource "aws_db_instance" "{key}" {{
  for_each = toset(local.{key}_names)

  identifier              = each.value
  instance_class          = local.{key}_class
  allocated_storage       = {rng.randrange(20, 400)}
  multi_az                = var.environment == "prod"
  backup_retention_period = try(var.retention["{name}"], 7)
  vpc_security_group_ids  = [aws_security_group.{key}.id]
  user_data = <<-EOT
    #!/bin/sh
    %{{ for item in local.{key}_names ~}}
    echo ${{item}} >> /etc/{name}
    %{{ endfor ~}}
  EOT
}}

resource "aws_iam_role" "{key}" {{
  name = "{name}"
  assume_role_policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = {{ Federated = module.eks.oidc_provider_arn }}
      Condition = {{ StringEquals = {{ "${{module.eks.oidc_provider}}:sub" = "system:serviceaccount:shop:{name}" }} }}
    }}]
  }})
}}
"""


def write_terraform(folder: Path, count: int) -> None:
    """Write `count` files of Terraform."""
    rng = random.Random(20261122)  # noqa: S311 - a corpus, not a secret
    for number in range(count):
        (folder / f"part{number}.tf").write_text(_terraform(rng, number), encoding="utf-8")
