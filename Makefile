# The commands of this project; `make` alone lists them.
# Two for a fresh machine: `make demo` needs Go and nothing else, `make test` also sets up the mail servers it talks to, if it may.

GO       ?= go
VERSION  ?= dev
BIN      := bin/imapmigrate
LINTER   := honnef.co/go/tools/cmd/staticcheck@v0.8.2
VULNS    := golang.org/x/vuln/cmd/govulncheck@v1.1.4
FUZZTIME ?= 60s
SEED     ?= 1

# ./... passes folders named testdata by.
ALL := ./... ./testdata/message

# Packages in which goroutines share something.
RACY := ./pkg/endpoint/... ./pkg/ledger/... ./pkg/copier/... ./pkg/verify/... ./pkg/purge/... ./pkg/view/... ./pkg/auth/... ./pkg/demo/... ./pkg/cli/...

.PHONY: help build test race lint fuzz bench micro crash cover demo setup sbom vulns clean

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

build: ## the program, in bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X imapmigrate/pkg/cli.Version=$(VERSION)" -o $(BIN) ./cmd/imapmigrate

demo: build ## the whole way on two servers inside the program, in a folder of its own
	$(BIN) demo

setup: ## Dovecot, Cyrus, Courier and Chromium for the tests: installs them where it is allowed to, else says what will be skipped
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then pkg/imaptest/install.sh; \
	else echo "setup: not root, or no apt-get: tests of servers that are not there are skipped and say so" >&2; fi

test: setup ## everything but the slow and the thorough: vet, then all tests, against real servers
	$(GO) vet $(ALL)
	$(GO) test -timeout 12m ./...

race: ## the tests of packages with goroutines under the race detector, the largest sets made smaller
	$(GO) test -race -short -timeout 15m $(RACY)

lint: ## gofmt, vet, staticcheck with the checks that staticcheck.conf names
	@unformatted=$$(gofmt -l cmd pkg testdata); if [ -n "$$unformatted" ]; then echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet $(ALL)
	$(GO) run $(LINTER) $(ALL)

fuzz: ## every fuzz target for FUZZTIME (60s) each; what it finds is kept in testdata/fuzz beside the test
	@set -e; grep -rl --include='*_test.go' '^func Fuzz' cmd pkg testdata | xargs -n1 dirname | sort -u | while read -r dir; do \
	  grep -h '^func Fuzz' $$dir/*_test.go | sed 's/func \(Fuzz[A-Za-z0-9_]*\).*/\1/' | while read -r target; do \
	    echo "$$dir $$target"; $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5s ./$$dir; done; done

bench: setup ## the table of speed: ours, the raw limit of the same two Dovecots, other tools if installed, and what the ledger costs; BENCH="-scale 0.1 -peers ''" for a quick look
	$(GO) test ./pkg/bench -speed -v -timeout 120m $(BENCH)
	$(GO) test ./cmd/imapmigrate -run '^$$' -bench Ledger -benchtime 5x -timeout 30m

micro: ## the micro benchmarks, for benchstat
	$(GO) test -run '^$$' -bench . -benchmem -benchtime 1s -timeout 30m ./...

crash: setup ## the real program killed at random, at every named point and around every write of the ledger (cmd/imapmigrate/crash.md); SEED=N for others
	$(GO) test ./cmd/imapmigrate -run 'TestCrash$$' -v -timeout 90m -all -kills 67 -seed $(SEED)

cover: ## coverage of our packages by all tests, as cover.html
	$(GO) test -timeout 12m -coverpkg ./pkg/... -coverprofile cover.out ./...
	$(GO) tool cover -func cover.out | tail -n 1
	$(GO) tool cover -html cover.out -o cover.html

sbom: build ## what the program is made of, as bin/imapmigrate.sbom.txt: every module with version and checksum, from the binary itself
	$(GO) version -m $(BIN) > $(BIN).sbom.txt
	@grep -c '	dep	' $(BIN).sbom.txt | sed 's/$$/ modules in $(subst /,\/,$(BIN)).sbom.txt/'

vulns: ## the modules as their checksums have them, and known vulnerabilities in what is called; without a network the second is left out and says so
	$(GO) mod verify
	@if $(GO) run $(VULNS) -version >/dev/null 2>&1; then $(GO) run $(VULNS) ./...; code=$$?; \
	  if [ $$code = 3 ]; then exit 3; elif [ $$code != 0 ]; then echo "vulns: the list of vulnerabilities could not be read; not looked" >&2; fi; \
	else echo "vulns: govulncheck cannot be had here; not looked" >&2; fi

clean: ## what the commands above have made
	rm -rf bin cover.out cover.html
