# Every target installs what it needs first, on a machine that has only Python 3.11 or newer and make.
PYTHON ?= python3
UV := .tools/bin/uv
UV_VERSION := 0.13.9
BIN := .venv/bin
ARGS ?=
# Python may keep what it compiled: .venv is large, and commands and tests start many processes.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help dev fmt lint types test chaos bench demo map-library docs sessions clean

help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

dev: .venv/.done ## Install everything into .venv

$(UV):
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, not " + sys.version.split()[0]) if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet "uv==$(UV_VERSION)"

.venv/.done: $(UV) pyproject.toml uv.lock
	UV_PROJECT_ENVIRONMENT=.venv $(UV) sync --frozen --quiet --python "$$(command -v $(PYTHON))"
	@touch $@

# api/ is persona_db and the other root folders are its subpackages; for mypy they stand below a folder of that name.
.typing/.done: Makefile
	mkdir -p .typing/persona_db
	ln -sfn ../../api/__init__.py .typing/persona_db/__init__.py
	for folder in graph loaders chains cypher evals explorer agents cli samples; do ln -sfn ../../$$folder .typing/persona_db/$$folder; done
	@touch $@

fmt: dev ## Format, and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: dev ## Look for faults of style, and for generated pages that are stale
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python docs/generate.py --check

types: dev .typing/.done ## Check types, strictly
	MYPYPATH=.typing $(BIN)/mypy --namespace-packages -p persona_db
	MYPYPATH=.typing $(BIN)/mypy --namespace-packages tests benchmarks docs

# Two processes, each with servers of its own; files go out in order, so that those with a browser come last.
test: dev ## Run all tests; they start a Neo4j of their own
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

chaos: dev ## Kill commands and Neo4j a hundred times, and compare the graph; ARGS="--kills 10" for fewer
	$(BIN)/python -m benchmarks.chaos $(ARGS)

bench: dev ## Measure speed and size; ARGS="--quick" for a short run
	$(BIN)/python -m benchmarks.run $(ARGS)

demo: dev ## The main job on the bundled US Senate data
	$(BIN)/persona-db demo $(ARGS)

map-library: ## Bundle the parts of D3 that the map uses anew; needs Node
	mkdir -p .tools/d3 && cd .tools/d3 && npm install --prefix . --no-save --silent d3-zoom@3 d3-selection@3 d3-quadtree@3 esbuild@0
	head -n 4 explorer/static/d3.js > .tools/d3/head.js
	echo 'export { zoom, zoomIdentity } from "d3-zoom"; export { select } from "d3-selection"; export { quadtree } from "d3-quadtree";' > .tools/d3/map.js
	cd .tools/d3 && npx esbuild map.js --bundle --minify --format=iife --global-name=d3 --outfile=bundle.js
	cat .tools/d3/head.js .tools/d3/bundle.js > explorer/static/d3.js

docs: dev ## Write the generated pages of docs/ again
	$(BIN)/python docs/generate.py

sessions: dev ## Show in README and quickstart what the commands print now
	$(BIN)/python docs/generate.py --sessions

clean: ## Remove what was installed and cached here
	rm -rf .venv .tools .typing build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
