# Every command is one line over a program of this repository; `make help` lists them.
# Recipes need nothing but Go, git and make: what else is needed is built, pinned by go.sum.

STACK   ?= home
BASE    ?= origin/main
OUT     := out
BIN     := $(OUT)/bin

# Where goroutines share state, the race detector pays for its compile time. It needs a C compiler.
RACY    := ./node ./kube/process ./kube/forward ./pulumi ./sandbox
CC_HERE := $(shell command -v gcc >/dev/null 2>&1 && [ "$$(go env CGO_ENABLED)" = 1 ] && echo yes)
# As Pulumi compiles the program, so that what is common is compiled once.
GOFLAGS += -buildvcs=false -trimpath
export GOFLAGS

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

.DEFAULT_GOAL := help
.PHONY: help rehearse test test-day2 unit validate render diff preview up destroy lint generate bench clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

rehearse: $(BIN)/rack ## Build the cluster of STACK=home in a sealed room [KEEP=1] [SCENARIO=NAME] [BASE=COMMIT] [PLUGINS=DIR] [CHARTS=DIR|genuine]
	@$(BIN)/rack rehearse -stack $(STACK) $(if $(KEEP),-keep) $(if $(SCENARIO),-scenario $(SCENARIO)) $(if $(filter command line environment,$(origin BASE)),-base $(BASE)) $(if $(PLUGINS),-plugins $(PLUGINS)) $(if $(CHARTS),-charts $(CHARTS))

# Go keeps a result for as long as the module is the same. The rack's tests also look at what is beside their module,
# the program, stack files and tree, so that theirs is never taken from there.
test: ## Run every test, rehearsals included
	go test ./...
	go test -C rack -count 1 -timeout 30m $$(go list -C rack ./... | grep -v /e2e$$)
	go test -C rack/flows/engine ./...
	go test -C rack -count 1 -timeout 60m ./e2e
	$(if $(CC_HERE),go test -C rack -race $(RACY),@echo "no C compiler: the race detector is left out")

test-day2: ## Rehearse every scenario for home and lab; takes hours
	go test -C rack -timeout 8h ./e2e -run TestDayTwo -day2

unit: ## Run the tests that need no rack
	go test ./...
	go test -C rack -count 1 -short ./...
	go test -C rack/flows/engine ./...

validate: $(BIN)/homeops ## Check every stack file, or only STACK=name or FILE=path
	@$(BIN)/homeops validate $(or $(FILE),$(if $(filter command line environment,$(origin STACK)),$(STACK)))

render: $(BIN)/homeops ## Write what STACK=home would apply to out/render/home, secrets redacted, without any network
	@$(BIN)/homeops render $(STACK)

diff: $(BIN)/homeops ## Show what the working tree changes since BASE=origin/main: machines, cluster, tree [STACK=]
	@$(BIN)/homeops diff $(BASE) $(if $(filter command line environment,$(origin STACK)),$(STACK))

preview: ## pulumi preview of STACK=home
	pulumi preview --stack $(STACK) --diff

up: validate ## pulumi up of STACK=home; then, where the stack file says so, sealed copies of its state and of what opens it
	@pulumi up --stack $(STACK) && $(BIN)/homeops breakglass save -if-asked $(STACK); \
	ended=$$?; $(BIN)/homeops state save -if-asked $(STACK) && exit $$ended

destroy: ## pulumi destroy of STACK=home; machine secrets are protected
	pulumi destroy --stack $(STACK)

lint: ## Lint the workflows, and Go with the linters of .golangci.yaml
	go tool -modfile=tools/go.mod actionlint
	go tool -modfile=tools/go.mod golangci-lint run ./...
	cd rack && go tool -modfile=../tools/go.mod golangci-lint run ./...

generate: ## Write the JSON Schema and the reference of the stack file anew
	go generate ./...

bench: ## Measure what a person waits for
	go test -run '^$$' -bench . -benchtime 3x ./spec/... ./cmd/homeops

clean: ## Remove everything that was built, rendered or rehearsed
	rm -rf $(OUT)

# Go knows what has changed better than make does.
.PHONY: $(BIN)/rack $(BIN)/homeops
$(BIN)/homeops:
	@mkdir -p $(BIN) && go build -o $@ ./cmd/homeops

$(BIN)/rack:
	@echo "compiling the rack's launcher"
	@mkdir -p $(BIN) && go build -C rack -o $(CURDIR)/$(BIN)/rack ./cmd/rack
