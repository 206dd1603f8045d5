"""Image references."""

import pytest

from opslint.engine.images import parse_image

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("nginx", "docker.io", "library/nginx", "", ""),
        ("nginx:1.29", "docker.io", "library/nginx", "1.29", ""),
        ("curlimages/curl", "docker.io", "curlimages/curl", "", ""),
        ("docker.io/nginx", "docker.io", "library/nginx", "", ""),
        ("index.docker.io/library/nginx:1", "docker.io", "library/nginx", "1", ""),
        ("quay.io/a/b/c:v1", "quay.io", "a/b/c", "v1", ""),
        ("localhost/a:1", "localhost", "a", "1", ""),
        ("registry:5000/a", "registry:5000", "a", "", ""),
        ("registry:5000/a:1", "registry:5000", "a", "1", ""),
        ("[fd00::1]:5000/a:1", "[fd00::1]:5000", "a", "1", ""),
        ("Registry/a", "Registry", "a", "", ""),
        ("registry-1.docker.io/library/nginx", "docker.io", "library/nginx", "", ""),
        (f"registry:5000/a/b:1@{DIGEST}", "registry:5000", "a/b", "1", DIGEST),
        (f"a/b@{DIGEST}", "docker.io", "a/b", "", DIGEST),
        (f"ghcr.io/a/b:1@{DIGEST}", "ghcr.io", "a/b", "1", DIGEST),
        (" nginx ", "docker.io", "library/nginx", "", ""),
    ],
)
def test_parse(text, registry, repository, tag, digest):
    image = parse_image(text)
    assert (image.registry, image.repository, image.tag, image.digest) == (registry, repository, tag, digest)
    assert image.full_repository == f"{registry}/{repository}"


@pytest.mark.parametrize(
    "text", ["", "  ", "{{ .Values.image }}", "${IMAGE}", "$IMAGE", "<image>", "a b", ":1", "@x", "quay.io/"]
)
def test_what_is_no_reference(text):
    assert parse_image(text) is None


@pytest.mark.parametrize(
    ("registry", "ecr"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", ("123456789012", "eu-west-1")),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", ("123456789012", "us-east-1")),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", ("123456789012", "cn-north-1")),
        ("123456789012.dkr-ecr.eu-west-1.on.aws", ("123456789012", "eu-west-1")),
        ("public.ecr.aws", None),
        ("123.dkr.ecr.eu-west-1.amazonaws.com", None),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example", None),
    ],
)
def test_ecr(registry, ecr):
    assert parse_image(f"{registry}/a:1").ecr == ecr
