# Raven Realtime. `make help` lists what can be made.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
MAKEFLAGS += --no-print-directory

STACK ?= sandbox
# what `make demo-prod` calls its server: network namespaces and control groups are named after it
DEMO_SERVER ?= demo-prod
# of `make preview-report`: what to compare with, and the file to write (- is standard output)
BASE ?= origin/main
REPORT ?= -
# how long `make fuzz` goes on
FUZZ_SECONDS ?= 600
TOOLCHAIN := python3 -m toolchain
# what breaks the realtime path stops an update
JUDGED := --policy-pack policies
# what follows runs with the project's Python, the engine and the project's own state
WITH_TOOLS = eval "$$($(TOOLCHAIN) env)"
# three workers for two cores: much of a test is waiting for real servers
PYTEST = .venv/bin/python -m tests.run -n 3 --durations=20
# what is judged by the clock has the machine to itself
ALONE = .venv/bin/python -m tests.run --durations=20 -m

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18


.PHONY: up
up: ## provision the sandbox stack and prove that realtime works through its public URL
	@$(TOOLCHAIN) ensure --for up
	$(WITH_TOOLS)
	config=$$($(TOOLCHAIN) stack $(STACK))
	pulumi up --yes --skip-preview --stack $(STACK) --config-file $$config $(JUDGED)

.PHONY: preview
preview: ## show what `make up` would change; changes nothing
	@$(TOOLCHAIN) ensure --for up
	$(WITH_TOOLS)
	config=$$($(TOOLCHAIN) stack $(STACK))
	pulumi preview --stack $(STACK) --config-file $$config $(JUDGED)

.PHONY: preview-report
preview-report: ## what the change since BASE would do to STACK, and what of it breaks realtime (Markdown)
	@$(TOOLCHAIN) ensure --for preview >&2
	.venv/bin/python -m gate.preview_report --stack $(STACK) --base $(BASE) --into $(REPORT)

.PHONY: verify
verify: ## run every check of the deployed stack again, changing nothing; HOLD=1 waits for three pings
	@$(TOOLCHAIN) ensure --for up
	$(WITH_TOOLS)
	raven-realtime verify --stack $(STACK) $(if $(HOLD),--hold)

.PHONY: down
down: ## remove the sandbox: no process, port or file of it stays
	@$(TOOLCHAIN) ensure --for up
	$(WITH_TOOLS)
	config=$$($(TOOLCHAIN) stack $(STACK))
	pulumi destroy --yes --skip-preview --stack $(STACK) --config-file $$config
	$(TOOLCHAIN) forget-stack $(STACK)
	echo "The stack and its history are removed too."

.PHONY: demo-prod
demo-prod: ## a throw-away server in its own network namespace, and the prod stack on it (root)
	@$(TOOLCHAIN) ensure --for up prod
	$(WITH_TOOLS)
	.venv/bin/python -m demo.server up --name $(DEMO_SERVER)
	config=$$($(TOOLCHAIN) stack prod)
	.venv/bin/python -m demo.server.deploy $(DEMO_SERVER) $$config up --yes --skip-preview $(JUDGED)
	echo "See an update: change Pulumi.prod.yaml (add raven-realtime:clientMaxBodySize: 60m), and run make demo-prod again."
	echo "Remove all of it: make demo-prod-down"

.PHONY: demo-prod-down
demo-prod-down: ## remove the prod stack and the throw-away server
	@$(TOOLCHAIN) ensure --for up prod
	$(WITH_TOOLS)
	config=$$($(TOOLCHAIN) stack prod)
	.venv/bin/python -m demo.server.deploy $(DEMO_SERVER) $$config destroy --yes --skip-preview
	$(TOOLCHAIN) forget-stack prod
	.venv/bin/python -m demo.server down --name $(DEMO_SERVER)

.PHONY: test
test: check ## every behaviour, on real parts; what CI runs; TESTS="tests/a tests/b" for a part
	@$(TOOLCHAIN) ensure --for test prod
	$(WITH_TOOLS)
	$(PYTEST) -m "not full and not alone" $(TESTS)
	$(ALONE) "not full and alone" $(TESTS) || [ $$? = 5 -a -n "$(TESTS)" ]  # 5: none of a part runs alone

.PHONY: test-changed
test-changed: ## of `make test`, what the change since BASE can reach; BASE=HEAD is what is not committed
	@$(TOOLCHAIN) ensure --for test prod
	$(WITH_TOOLS)
	files=$$(.venv/bin/python -m tests.changed $(BASE))
	if [ -z "$$files" ]; then echo "No test is reached."; exit; fi
	$(PYTEST) -m "not full and not alone" $$files
	$(ALONE) "not full and alone" $$files || [ $$? = 5 ]  # 5: none of them runs alone

.PHONY: test-unit
test-unit: ## the pure knowledge, in seconds; Python alone
	@$(TOOLCHAIN) ensure --for unit
	$(PYTEST) tests/unit -m "not full and not large and not fuzz"

.PHONY: test-full
test-full: check ## `make test` and more cases of the same kinds; writes docs/crashes.md and docs/tested-with.md
	@$(TOOLCHAIN) ensure --for test prod
	$(WITH_TOOLS)
	rm -f docs/crashes.md
	$(PYTEST) -p tests.crashes -m "not alone"
	$(ALONE) alone -p tests.tested_with

.PHONY: fuzz
fuzz: ## feed parsers and linter made-up input for FUZZ_SECONDS (600); a crash fails, with its seed
	@$(TOOLCHAIN) ensure --for test
	while (( SECONDS < $(FUZZ_SECONDS) )); do
		FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-1000} $(PYTEST) tests/unit -m fuzz -q --hypothesis-seed=$$RANDOM$$RANDOM
	done

.PHONY: check
check: ## lint, format and types; generated files in step; Python alone
	@$(TOOLCHAIN) ensure --for check
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/python -m raven_realtime.project_config --check
	.venv/bin/python -m raven_realtime.findings.pages --check
	.venv/bin/python -m raven_realtime.declared.keeping.project_file --check
	.venv/bin/python -m raven_realtime.declared.outputs.json_document --check
	.venv/bin/python -m raven_realtime.render.page --check

.PHONY: bench
bench: ## measure side by side on loopback; writes docs/benchmarks.md and its charts
	@$(TOOLCHAIN) ensure --for test
	.venv/bin/python -m benchmarks


.PHONY: docs
docs: ## write what is generated: Pulumi.yaml's config, the findings' pages
	@$(TOOLCHAIN) ensure --for test
	.venv/bin/python -m raven_realtime.project_config
	.venv/bin/python -m raven_realtime.findings.pages
	.venv/bin/python -m raven_realtime.live.doctor.document
	.venv/bin/python -m raven_realtime.declared.keeping.project_file
	.venv/bin/python -m raven_realtime.declared.outputs.json_document
	.venv/bin/python -m raven_realtime.render.page
	.venv/bin/python -m tests.symptoms.table

.PHONY: golden
golden: ## write the golden files anew; read the diff before you commit it
	@$(TOOLCHAIN) ensure --for test prod
	$(WITH_TOOLS)
	UPDATE_GOLDEN=1 $(PYTEST) -m "not full and not alone"
	UPDATE_GOLDEN=1 $(ALONE) "not full and alone"

.PHONY: format
format: ## format the code
	@.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

.PHONY: clean
clean: ## remove what can be made again: the toolchain's cache and .venv; the stacks' state stays
	@$(TOOLCHAIN) clean
