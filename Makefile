# Stratus image tools. "make" alone lists the targets.

PREFIX  ?= /usr/local
DESTDIR ?=
GO      ?= go

# Pinned, and kept out of go.mod: tools, not parts.
GOLANGCI_LINT = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK   = golang.org/x/vuln/cmd/govulncheck@v1.9.0

# Without the command line library's own generator of manuals, whose packages take
# milliseconds of each start.
TAGS = urfave_cli_no_docs

TOOLS    = $(wildcard stratus-*)
PROGRAMS = find-image image-cache marketplace
HELPERS  = boot-image build-base-image audit-image audit-guest.sh check-sealed
BASE     = build/base.qcow2
TRIXIE   = build/trixie.qcow2
HYBRID   = build/hybrid.qcow2

.PHONY: help build demo test check bench install clean base lint vuln

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

build: ## the commands and programs, as static binaries in bin/
	@mkdir -p bin
	CGO_ENABLED=0 $(GO) build -trimpath -tags $(TAGS) -o bin/ $(TOOLS:%=./%) $(PROGRAMS:%=./scripts/%)

demo: ## make a base image, customize, sign and publish it, and start again from there
	@scripts/install-deps demo
	@$(MAKE) --no-print-directory build
	@scripts/demo

test: build ## everything that needs no virtual machine, in minutes
	$(GO) test -race -short ./...

check: ## everything CI checks, with real virtual machines
	@scripts/install-deps check
	@$(MAKE) --no-print-directory build base $(TRIXIE) $(HYBRID)
	@scripts/check-format
	$(GO) vet ./...
	@$(MAKE) --no-print-directory lint
	STRATUS_REQUIRE_PEERS=1 $(BASES) $(GO) test -race -timeout 85m ./...
	STRATUS_REQUIRE_PEERS=1 $(GO) test -p 1 -run '$(MEASURED)' ./lib/digest ./lib/signature ./scripts/marketplace/... ./stratus-create-image
	@$(MAKE) --no-print-directory vuln

# Tests that measure time or memory, which the race detector would take: they
# skip with it, and run one package after another.
MEASURED = ^(TestMemory|TestHostileDocuments|TestHostileCertificates|TestParallelPages|TestBomb)$$

# The images that tests with real machines start from.
BASES = STRATUS_TEST_BASE=$(CURDIR)/$(BASE) STRATUS_TEST_BASE_TRIXIE=$(CURDIR)/$(TRIXIE) STRATUS_TEST_BASE_HYBRID=$(CURDIR)/$(HYBRID)

base: $(BASE)

# What base images are made of.
MAKER = scripts/build-base-image $(shell find scripts/base-image -type f)

$(BASE): $(MAKER)
	@mkdir -p $(@D)
	scripts/build-base-image --force -o $@

$(TRIXIE): $(MAKER)
	@mkdir -p $(@D)
	scripts/build-base-image --force --release trixie -o $@

$(HYBRID): $(MAKER)
	@mkdir -p $(@D)
	scripts/build-base-image --force --firmware hybrid --include linux-image-amd64 -o $@

lint:
	$(GO) run $(GOLANGCI_LINT) run ./...

# The database of vulnerabilities is a service that is not within reach of
# every machine; everything else of the check stands without it.
vuln:
	@scripts/check-vulnerabilities $(GOVULNCHECK)

bench: build base ## ratios, measured side by side in one run
	@scripts/install-deps bench
	$(GO) test -run '^$$' -bench . -benchtime 1x ./lib/digest ./scripts
	$(GO) test -run '^$$' -bench . -benchtime 32x -timeout 30m ./lib/marketplace/publish
	scripts/bench-builds 3 $(BASE)

install: build ## commands, man pages and helpers, below DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/libexec/stratus/context
	install -m 755 $(TOOLS:%=bin/%) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(foreach t,$(TOOLS),$(t)/$(t).1) $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(HELPERS:%=scripts/%) $(PROGRAMS:%=bin/%) $(DESTDIR)$(PREFIX)/libexec/stratus
	install -m 644 scripts/sealed-paths $(DESTDIR)$(PREFIX)/libexec/stratus
	rm -rf $(DESTDIR)$(PREFIX)/libexec/stratus/base-image
	cp -R scripts/base-image $(DESTDIR)$(PREFIX)/libexec/stratus
	chmod -R u=rwX,go=rX $(DESTDIR)$(PREFIX)/libexec/stratus/base-image
	install -m 755 scripts/context/stratuslab-context $(DESTDIR)$(PREFIX)/libexec/stratus/context
	install -m 644 scripts/context/*.service $(DESTDIR)$(PREFIX)/libexec/stratus/context

clean: ## remove what was built
	rm -rf bin build
