# The one door: every target sets the machine up as far as it needs, so each works on a fresh checkout.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Recipes run with the toolchains that the bootstrap found or installed.
WITH_TOOLS := source target/env.sh;
SUITES := rust python dart conformance
DART_FOLDERS := dart conformance/harness/dart bench/dart

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

.PHONY: bootstrap
bootstrap: ## Install what is missing on this machine (every target does)
	@tools/bootstrap.sh

.PHONY: build
build: bootstrap ## Build the library, the Python module and the conformance harnesses
	@$(WITH_TOOLS) cargo build
	@$(WITH_TOOLS) maturin develop --quiet --manifest-path python/Cargo.toml > target/maturin.log 2>&1 \
		|| { cat target/maturin.log; exit 1; }
	@$(WITH_TOOLS) for folder in $(DART_FOLDERS); do (cd "$$folder" && $$DART_PUB_GET > /dev/null); done

.PHONY: demo
demo: build ## Run the same query from Rust, Python and Dart on an embedded database
	@$(WITH_TOOLS) tools/demo.sh

.PHONY: test
test: build ## Run every test: Rust, C ABI, Python, Dart and the conformance matrix
	@$(WITH_TOOLS) python tools/servers.py run -- python tools/suites.py $(SUITES)

.PHONY: conformance
conformance: build ## Run the conformance matrix (ARGS="--database sqlite --case 'types/*'" for a part)
	@$(WITH_TOOLS) python tools/servers.py run -- python -m conformance run $(ARGS)

.PHONY: bench
bench: bootstrap ## Measure reading and inserting beside bare C and the peers (BENCH_ROUNDS=5, BENCH_SCALE=1, BENCH_ARGS="--quick")
	@$(WITH_TOOLS) python tools/servers.py run -- python -m bench $(BENCH_ARGS)

.PHONY: lint
lint: build ## Check formatting, lints, types and generated files
	@$(WITH_TOOLS) cargo fmt --all --check
	@$(WITH_TOOLS) cargo clippy --workspace --all-targets -- -D warnings
	@$(WITH_TOOLS) cargo test --quiet --package odbc_engine_ffi --test header
	@$(WITH_TOOLS) ruff check . && ruff format --check .
	@$(WITH_TOOLS) cd python && mypy
	@$(WITH_TOOLS) MYPYPATH=tools mypy --strict tools
	@$(WITH_TOOLS) mypy --strict --package conformance
	@$(WITH_TOOLS) mypy --strict --package bench.harness
	@$(WITH_TOOLS) MYPYPATH=bench/contestants mypy --strict --explicit-package-bases bench/contestants
	@$(WITH_TOOLS) for folder in $(DART_FOLDERS); do dart format --output=none --set-exit-if-changed "$$folder"; done
	@$(WITH_TOOLS) for folder in $(DART_FOLDERS); do dart analyze --fatal-infos "$$folder"; done
	@$(WITH_TOOLS) python -m conformance lint

.PHONY: header
header: bootstrap ## Write the C header and the Windows export list anew
	@$(WITH_TOOLS) ODBC_ENGINE_BLESS=1 cargo test --quiet --package odbc_engine_ffi --test header

.PHONY: docs
docs: bootstrap ## Build the API documentation into target/doc
	@$(WITH_TOOLS) cargo doc --no-deps
	@$(WITH_TOOLS) cd dart && $$DART_PUB_GET > /dev/null && dart doc --output ../target/doc/dart

.PHONY: compose-check
compose-check: ## Validate docker-compose.yml (needs no Docker daemon)
	@docker compose version > /dev/null 2>&1 || hash docker-compose 2> /dev/null || tools/bootstrap.sh docker-compose
	@compose="docker compose"; $$compose version > /dev/null 2>&1 || compose=docker-compose; $$compose config --quiet
	@echo "docker-compose.yml is valid"

.PHONY: clean
clean: ## Remove everything that was built in this checkout
	@rm -rf target dart/.dart_tool conformance/harness/dart/.dart_tool bench/dart/.dart_tool
	@find python -name '*.so' -delete
