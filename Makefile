# Everything runs in .venv, which the first target that needs it sets up: Python 3.11+ and the package registry suffice.
PYTHON ?= python3
BIN := .venv/bin
SOURCES := linter rules schemas tests benchmarks docs .ci

.PHONY: demo test check golden docs linkcheck bench bench-charts rule facts-check schemas fuzz clean

demo: .venv/ready  ## lint the example shop
	@$(BIN)/opslint examples/myshop || test $$? -eq 1

test: .venv/ready  ## all tests
	$(BIN)/pytest -q -n auto

check: .venv/ready facts-check  ## style, types, imports, wheel, generated docs, SARIF by its validator
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	rm -rf dist && $(BIN)/python -m build --no-isolation --wheel --outdir dist . >/dev/null
	$(BIN)/check-wheel-contents dist
	$(BIN)/python docs/generate.py --check
	$(BIN)/python -m sphinx -q -W --keep-going -b dirhtml -d .venv/sphinx docs site
	$(BIN)/python .ci/validate_sarif.py

facts-check: .venv/ready  ## shape and consistency of the data in schemas/
	$(BIN)/python -m opslint_schemas.check

golden: .venv/ready  ## rewrite the golden files: read the diff before you commit it
	UPDATE_GOLDEN=1 $(BIN)/pytest -q tests/output tests/cli/test_upgrade.py tests/cli/test_images.py tests/test_demo.py

docs: .venv/ready  ## rewrite what docs/ repeats from the code, and build the site in site/
	$(BIN)/python docs/generate.py
	$(BIN)/python -m sphinx -q -W --keep-going -b dirhtml -d .venv/sphinx docs site

linkcheck: .venv/ready  ## ask every address in the documentation (needs the internet)
	$(BIN)/python -m sphinx -q -b linkcheck -d .venv/sphinx docs site

bench: .venv/ready  ## cold start, a large run, and the same against another linter
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/reports.py
	$(BIN)/python benchmarks/versions.py

bench-charts: .venv/ready  ## source maps and rules over real charts: make bench-charts CHARTS="FOLDER …"
	$(BIN)/python benchmarks/rendering.py $(CHARTS)
	$(BIN)/python benchmarks/planted.py $(CHARTS)
	$(BIN)/python benchmarks/manifests.py $(CHARTS)

schemas: .venv/ready  ## make the schemas of built-in objects again (needs the package registry)
	$(BIN)/python schemas/build/kubernetes_schemas.py

fuzz: .venv/ready  ## mutated Terraform through the reader
	$(BIN)/python tests/fuzz/fuzz_hcl.py

rule: .venv/ready  ## a new rule: make rule NAME=reliability/missing-something
	$(BIN)/python rules/new_rule.py $(NAME)

.venv/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("opslint needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
