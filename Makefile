# Every command is one line over a program of this repository; `make help` lists them.
# Recipes need nothing but Go, git and make: what else is needed is built, pinned by go.sum.

STACK   ?= home
BASE    ?= origin/main
OUT     := out
BIN     := $(OUT)/bin

# Where goroutines share state, the race detector pays for its compile time. It needs a C compiler.
RACY    := ./node ./kube/process ./kube/forward ./pulumi ./sandbox
GO      := $(shell command -v go)
GO_MIN  := $(shell sed -n 's/^go //p' go.mod)
# The pulumi of a rehearsal can log in, make stacks, set secrets and show outputs. It has no language host beside it, and so cannot
# run the program, wherever it is found.
FOUND   := $(shell command -v pulumi)
PULUMI  := $(or $(FOUND),$(wildcard $(abspath $(BIN))/pulumi))
WHOLE   := $(filter-out $(abspath $(BIN))/pulumi,$(abspath $(FOUND)))
# Built without Git, so that a commit compiles nothing anew; the linker is told where the source stands.
COMMIT   = $(shell git describe --always --dirty --abbrev=12 2>/dev/null)
CC_HERE := $(shell command -v gcc >/dev/null 2>&1 && [ "$$(go env CGO_ENABLED 2>/dev/null)" = 1 ] && echo yes)
# As Pulumi compiles the program, so that what is common is compiled once.
GOFLAGS += -buildvcs=false -trimpath
export GOFLAGS

# Where machines wait for their first config that are not at their nodes' addresses and are not found there (docs/first-hour.md).
WHERE   := $(if $(AT),HOMEOPS_AT='$(AT)' )

# An unknown scenario, or a folder that is not there, is refused before anything is compiled.
SCENARIOS := $(shell sed -n 's/^\t\tName: "\(.*\)",$$/\1/p' rack/scenario/table.go)
ifneq ($(filter-out $(SCENARIOS),$(SCENARIO)),)
$(error there is no SCENARIO=$(SCENARIO); there are: $(SCENARIOS))
endif
ifneq ($(PLUGINS),)
ifeq ($(wildcard $(PLUGINS)/.),)
$(error PLUGINS=$(PLUGINS): there is no such folder)
endif
endif

# What a shell has for other programs, and a provider would take over what the stack gives it (stacks/environment.go).
unexport CLOUDFLARE_API_KEY CLOUDFLARE_EMAIL CLOUDFLARE_API_USER_SERVICE_KEY GITHUB_OWNER GITHUB_ORGANIZATION GITHUB_BASE_URL
unexport CLOUDFLARE_API_HOSTNAME CLOUDFLARE_API_BASE_PATH CLOUDFLARE_API_CLIENT_LOGGING
unexport OP_SERVICE_ACCOUNT_TOKEN OP_ACCOUNT OP_CONNECT_HOST OP_CONNECT_TOKEN
unexport PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY PULUMI_K8S_DELETE_UNREACHABLE PULUMI_K8S_SKIP_UPDATE_UNREACHABLE PULUMI_K8S_HELM_DRIVER PULUMI_K8S_AWAIT_ALL

.DEFAULT_GOAL := help
.PHONY: help init rehearse test test-day2 unit validate fmt render diff preview up destroy kubeconfig talosconfig status lint renovate generate figures site site-test bench clean go pulumi whole-pulumi space node

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

init: $(BIN)/homeops ## Write a first stack file and its cluster's list of apps, by questions [NAME=home]
	@$(BIN)/homeops init $(NAME)

rehearse: space $(BIN)/rack ## Build the cluster of STACK=home in a sealed room [KEEP=1] [SCENARIO=NAME] [BASE=COMMIT] [PLUGINS=DIR] [CHARTS=DIR|genuine] [GENUINE=1]
	@$(BIN)/rack rehearse -stack $(STACK) $(if $(KEEP),-keep) $(if $(SCENARIO),-scenario $(SCENARIO)) $(if $(filter command line environment,$(origin BASE)),-base $(BASE)) $(if $(PLUGINS),-plugins $(PLUGINS)) $(if $(CHARTS),-charts $(CHARTS)) $(if $(GENUINE),-genuine)

# Go keeps a result for as long as the module is the same. The rack's tests also look at what is beside their module,
# the program, stack files and tree, so that theirs is never taken from there.
test: ## Run every test, rehearsals included
	go test -timeout 30m ./...
	go test -C rack -count 1 -timeout 30m $$(go list -C rack ./... | grep -v /e2e$$)
	go test -C rack/flows/engine ./...
	go test -C rack/crds ./...
	go test -C rack/promrules -count 1 ./...
	go test -C rack -count 1 -timeout 60m ./e2e
	$(if $(CC_HERE),go test -C rack -race $(RACY),@echo "no C compiler: the race detector is left out")

test-day2: ## Rehearse every scenario for home and lab; takes hours, and goes on where it was cut short
	go test -C rack -count 1 -timeout 1h ./rolltest -day2
	go test -C rack -count 1 -timeout 8h ./e2e -run 'DayTwo|FirstHour|Owner|PrintedCommand' -day2

unit: ## Run the tests that need no rack
	go test -timeout 30m ./...
	go test -C rack -count 1 -short ./...
	go test -C rack/flows/engine ./...
	go test -C rack/crds ./...
	go test -C rack/promrules -count 1 ./...

validate: $(BIN)/homeops ## Check every stack file, or only STACK=name or FILE=path
	@$(BIN)/homeops validate $(or $(FILE),$(if $(filter command line environment,$(origin STACK)),$(STACK)))

fmt: $(BIN)/homeops ## Put stack files that pulumi has written anew back into the form of the last commit [STACK=]
	@$(BIN)/homeops fmt $(if $(filter command line environment,$(origin STACK)),$(STACK))

render: $(BIN)/homeops ## Write what STACK=home would apply to out/render/home, secrets redacted, without any network
	@$(BIN)/homeops render $(STACK)

diff: $(BIN)/homeops ## Show what the working tree changes since BASE=origin/main: machines, cluster, tree [STACK=]
	@$(BIN)/homeops diff $(BASE) $(if $(filter command line environment,$(origin STACK)),$(STACK))

preview: whole-pulumi pulumi $(BIN)/homeops ## pulumi preview of STACK=home [AT=NODE=ADDRESS,...]
	@$(BIN)/homeops validate $(STACK)
	$(WHERE)$(PULUMI) preview --stack $(STACK) --diff

# Pulumi ends with it when a person says no, or stops it (sdk/go/common/util/cmdutil/exit.go).
PULUMI_CANCELLED := 8

# Another stack's faults are no reason to leave this one alone: what both share is judged all the same.
up: whole-pulumi pulumi $(BIN)/homeops ## pulumi up of STACK=home; then, where the stack file says so, sealed copies of its state and of what opens it [AT=NODE=ADDRESS,...]
	@$(BIN)/homeops validate $(STACK)
	@$(PULUMI) stack select $(STACK) >/dev/null 2>&1 || $(PULUMI) stack init $(STACK) --secrets-provider passphrase
	@$(WHERE)$(PULUMI) up --stack $(STACK) && $(BIN)/homeops breakglass save -if-asked $(STACK); \
	ended=$$?; $(BIN)/homeops state save -if-asked $(STACK); saved=$$?; \
	case $$ended in 0) exit $$saved;; $(PULUMI_CANCELLED)) ;; *) echo "what homeops doctor $(STACK) finds:"; $(BIN)/homeops doctor -faults $(STACK);; esac; exit $$ended

destroy: whole-pulumi pulumi ## pulumi destroy of STACK=home; it stops at what is protected (docs/runbooks/destroy.md)
	@$(PULUMI) destroy --stack $(STACK) || { echo "docs/runbooks/destroy.md says what is protected, why, and the command for each wish"; exit 1; }

kubeconfig: pulumi ## Write the kubeconfig of STACK=home to out/kubeconfig/home
	@$(call secret-output,kubeconfig,KUBECONFIG)

talosconfig: pulumi ## Write the talosconfig of STACK=home to out/talosconfig/home
	@$(call secret-output,talosconfig,TALOSCONFIG)

# A file for its owner's eyes alone, whole or not at all.
define secret-output
mkdir -p $(OUT)/$(1) && umask 077 && $(PULUMI) stack output $(1) --show-secrets --stack $(STACK) >$(OUT)/$(1)/.$(STACK) \
	&& mv $(OUT)/$(1)/.$(STACK) $(OUT)/$(1)/$(STACK) && echo "export $(2)=$(CURDIR)/$(OUT)/$(1)/$(STACK)" || { rm -f $(OUT)/$(1)/.$(STACK); exit 1; }
endef

status: $(BIN)/homeops ## Show how the cluster of STACK=home is, and its pages; wants make kubeconfig first
	@$(BIN)/homeops status $(STACK)

lint: ## Lint the workflows, and Go with the linters of .golangci.yaml
	go tool -modfile=tools/go.mod actionlint
	go tool -modfile=tools/go.mod golangci-lint run ./...
	cd rack && go tool -modfile=../tools/go.mod golangci-lint run ./...

# It is Node.js's, and fetched by npx; a dry run over files alone asks no registry and no forge. Install scripts would compile
# C++ for ten minutes, for a library that Renovate does without.
# renovate: datasource=npm depName=renovate
RENOVATE_VERSION := 44.121.2
RENOVATE         := npm_config_ignore_scripts=true npx --yes --package renovate@$(RENOVATE_VERSION) --
renovate: node ## Check renovate.json5 with Renovate's own validator, and that its dry run finds every pin; wants Node.js 24
	$(RENOVATE) renovate-config-validator --strict --no-global renovate.json5
	@mkdir -p $(OUT)/renovate
	LOG_LEVEL=warn $(RENOVATE) renovate --platform=local --dry-run=extract --report-type=file --report-path=$(CURDIR)/$(OUT)/renovate/report.json
	go test ./internal/gitops -run TestRenovate -count 1 -v -renovate $(CURDIR)/$(OUT)/renovate/report.json

generate: ## Write the JSON Schema, the reference of the stack file and the pictures of every stack anew
	go generate ./...

figures: $(BIN)/rack ## Take what the last scenarios have measured, and at which commit, into the README and docs/rehearsals.md
	@$(BIN)/rack figures

site: ## Build the documentation's site into out/site, as docs/package-lock.json pins its generator; wants Node.js
	@command -v npm >/dev/null 2>&1 || { echo "Node.js 18 or later is needed, and is not on PATH: https://nodejs.org"; exit 1; }
	npm ci --prefix docs --no-audit --no-fund --ignore-scripts
	npm run --prefix docs build

site-test: site ## Look at every page of the site in a real browser [CHROMIUM=PATH] [PICTURES=DIR]; wants Node.js and Chromium
	PICTURES=$(PICTURES) $(if $(CHROMIUM),CHROMIUM=$(CHROMIUM)) node --test docs/site.test.mjs

# Figures of two processors are not comparable: docs/bench.txt names its own, and is what `cp out/bench.txt docs/bench.txt` makes of
# another run.
bench: ## Measure what a person waits for, beside the figures that were committed last (docs/bench.txt)
	@mkdir -p $(OUT)
	go test -run '^$$' -bench . -benchtime 1x -count 6 ./spec/... ./cmd/homeops | tee $(OUT)/bench.txt
	go test -C rack -run '^$$' -bench Rehearsal -benchtime 1x -count 2 -timeout 1h ./e2e | tee -a $(OUT)/bench.txt
	@go tool -modfile=tools/benchstat/go.mod benchstat $(wildcard docs/bench.txt) $(OUT)/bench.txt

clean: ## Remove everything that was built, rendered or rehearsed
	rm -rf $(OUT)
	@echo "Go's own caches stay, some 20 GB after a rehearsal, which other projects use too:"
	@$(if $(GO),echo "  $$(go env GOCACHE) $$(go env GOMODCACHE)"; )echo "  go clean -cache -modcache removes them"

# What a command cannot do without, told before it fails half way.
go:
	@$(if $(GO),:,echo "Go $(GO_MIN) or later is needed, and is not on PATH: https://go.dev/doc/install"; exit 1)

pulumi:
	@$(if $(PULUMI),:,echo "pulumi is needed, and is not on PATH: https://www.pulumi.com/docs/install (a rehearsal builds one that can log in and set secrets)"; exit 1)
	@$(PULUMI) whoami --non-interactive >/dev/null 2>&1 || { echo 'pulumi is not logged in: pulumi login, or pulumi login "file://$$HOME?metadata=skip" to keep the state on this machine'; exit 1; }

whole-pulumi:
	@$(if $(WHOLE),:,echo "pulumi is needed, and is not on PATH: https://www.pulumi.com/docs/install (that of a rehearsal, in $(BIN), cannot run the program)"; exit 1)

node:
	@command -v npx >/dev/null 2>&1 && node -e 'process.exit(process.versions.node.split(".")[0] >= 24 ? 0 : 1)' || { echo "Node.js 24 or later is needed, with npx on PATH: https://nodejs.org"; exit 1; }

space:
	@[ -e $(BIN)/rack-kube ] || df -Pk . | awk 'NR == 2 { printf "The first rehearsal compiles for 20 to 45 minutes on two cores and takes some 20 GB, of which Go keeps most; %d GB are free here.\n", $$4 / 1048576 }'

# Go knows what has changed better than make does.
.PHONY: $(BIN)/rack $(BIN)/homeops
$(BIN)/homeops: go
	@mkdir -p $(BIN) && go build -ldflags "-X main.builtFrom=$(COMMIT)" -o $@ ./cmd/homeops

$(BIN)/rack: go
	@echo "compiling the rack's launcher"
	@mkdir -p $(BIN) && go build -C rack -o $(CURDIR)/$(BIN)/rack ./cmd/rack
