.PHONY: setup run test lint types format clean check-infra check-policies package lock
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

setup: $(VENV)/.ready  ## prepare .venv and nothing else

$(VENV)/.ready: requirements.txt requirements-dev.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

run: setup  ## the main job on the embedded local cloud; Ctrl-C stops it
	$(BIN)/python -m local up

test: lint types check-infra  ## lint, types, templates, tests
	$(BIN)/python -m pytest -n 3 --dist worksteal

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

check-infra: setup  ## the templates of infra/, and what they make
	$(BIN)/python -m infra.check

check-policies: setup  ## what the templates make, against checkov's policies (installs checkov, a minute)
	test -x .checkov/bin/checkov || $(PYTHON) -m venv .checkov
	.checkov/bin/pip install --quiet --disable-pip-version-check -r infra/check/policies-requirements.txt
	mkdir -p build
	$(BIN)/python -m infra.check --arm build/large.json
	.checkov/bin/checkov --config-file infra/check/checkov.yaml --file build/large.json

package: setup  ## what is deployed, as a folder and as a zip
	$(BIN)/python -m infra.package

lock: setup  ## requirements.lock from requirements.txt: exact versions and hashes, for every Python and platform
	$(BIN)/uv pip compile requirements.txt --quiet --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-annotate --custom-compile-command "make lock" -o requirements.lock

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .checkov build .local .pytest_cache .mypy_cache .ruff_cache .hypothesis
