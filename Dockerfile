# syntax=docker/dockerfile:1
# Small, without root, for every platform that has the wheels: docker buildx build --platform linux/amd64,linux/arm64 .
# Charts are rendered by the engine in the wheel, so neither helm nor a cluster is needed; kustomizations that are not
# built (no kustomize here) are said in the report.
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY linter linter
COPY rules rules
COPY schemas schemas
RUN python -m venv /opt/opslint \
    && /opt/opslint/bin/pip install --no-cache-dir --disable-pip-version-check --no-compile . \
    && /opt/opslint/bin/pip uninstall --yes pip \
    && /opt/opslint/bin/python -m compileall -q /opt/opslint/lib

FROM python:3.13-slim
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="opslint" \
      org.opencontainers.image.description="A linter for Helm charts, Kubernetes manifests and Terraform on EKS" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.source="https://github.com/opslint/opslint" \
      org.opencontainers.image.licenses="Apache-2.0"
# git only tells what changed (--changed-since); a mounted repository belongs to someone else.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory '*' \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin opslint
COPY --from=build /opt/opslint /opt/opslint
ENV PATH=/opt/opslint/bin:$PATH PYTHONDONTWRITEBYTECODE=1 XDG_CACHE_HOME=/tmp/cache
USER 10001
WORKDIR /work
ENTRYPOINT ["opslint"]
CMD ["."]
