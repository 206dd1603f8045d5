"""Words, files and directories that name an environment."""

from __future__ import annotations

import pytest

from opslint.read.environments import (
    environment_of_directory,
    environment_of_file,
    environment_words,
    is_environment,
    stage_of,
)


@pytest.mark.parametrize(
    ("word", "stage"),
    [
        ("prod", "prod"),
        ("production", "prod"),
        ("eu-prod-1", "prod"),
        ("prod2", "prod"),
        ("live", "prod"),
        ("dev", "nonprod"),
        ("Staging", "nonprod"),
        ("pre-prod", "nonprod"),
        ("preprod", "nonprod"),
        ("non-prod", "nonprod"),
        ("prod-dev", "nonprod"),
        ("dev3", "nonprod"),
        ("product", "unknown"),
        ("device", "unknown"),
        ("", "unknown"),
    ],
)
def test_stage(word: str, stage: str) -> None:
    assert stage_of(word) == stage


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("prod.tfvars", "prod"),
        ("dev.tfvars.json", "dev"),
        ("values-prod.yaml", "prod"),
        ("values.staging.yml", "staging"),
        ("values.yaml", ""),
        ("envs/prod/values.yaml", "prod"),
        ("staging/terraform.tfvars", "staging"),
        ("terraform-eu-prod.tfvars", "eu-prod"),
        ("common.tfvars", ""),
        ("values-local-storage.yaml", ""),
        ("values-kind-of.yaml", ""),
    ],
)
def test_file(name: str, environment: str) -> None:
    assert environment_of_file(name) == environment


def test_directory() -> None:
    found = environment_of_directory("infra/envs/prod/eks")
    assert (found.name, found.stage, found.sign) == ("prod", "prod", "directory prod")
    assert environment_of_directory("infra/eks").stage == "unknown"


def test_a_word_of_several_meanings_counts_alone_only() -> None:
    assert is_environment("local")
    assert not is_environment("local-storage")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("shop-dev", ["dev"]),
        ("prod", ["prod"]),
        ("demo", ["demo"]),
        ("shop-test", ["test"]),
        ("demo-application", []),
        ("local-path-storage", []),
        ("eu-staging.web", ["staging"]),
        ("", []),
    ],
)
def test_words_of_a_name(name: str, words: list[str]) -> None:
    assert list(environment_words(name)) == words
