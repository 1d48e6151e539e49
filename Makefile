# Keystone. The two commands of the README are `make example` and `make test`.
# Everything a command needs and this machine lacks is installed first, from Debian's packages.

CONFIGURATION ?= release
PREFIX ?= /usr/local
SCRATCH ?= .build
SWIFT ?= swift
CC ?= cc

BIN = $(SCRATCH)/$(CONFIGURATION)
CFLAGS = -std=c11 -O2 -Wall -Wextra -Werror
HEADERS = Sources/CKeystonePlugin/include
INIT_SOURCES = $(wildcard Sources/keystone-sandbox-init/*.c) Sources/CDigest/keystone_sha256.c
HOST_SOURCES = $(wildcard Sources/keystone-plugin-host/*.c)
SWIFT_BUILD = $(SWIFT) build --scratch-path $(SCRATCH) -c $(CONFIGURATION)

.PHONY: all sdk build example test test-full bench lint install dependencies programs clean

all: build

dependencies:
	@Scripts/install-dependencies.sh

## The executable, the built-in plugins, the two C programs and the list of built-ins, in .build/release.
build: dependencies
	$(SWIFT_BUILD)
	@$(MAKE) --no-print-directory programs sdk

programs: $(BIN)/keystone-plugin-host $(BIN)/keystone-sandbox-init
	@Scripts/list-builtins.sh $(BIN)

$(BIN)/keystone-plugin-host: $(HOST_SOURCES) $(wildcard Sources/keystone-plugin-host/*.h) $(wildcard $(HEADERS)/*.h)
	$(CC) $(CFLAGS) -D_GNU_SOURCE -pthread -I$(HEADERS) -o $@ $(HOST_SOURCES) -ldl -Wl,--export-dynamic

# Static, so that it is the first process of any sandbox, whatever libraries the sandbox has.
$(BIN)/keystone-sandbox-init: $(INIT_SOURCES) $(wildcard Sources/keystone-sandbox-init/*.h) \
		Sources/CSandbox/include/keystone_attachment.h
	$(CC) $(CFLAGS) -D_GNU_SOURCE -static -ISources/CDigest/include -ISources/CSandbox/include -o $@ $(INIT_SOURCES)

## What plugin authors build with, beside the executable; part of `build` and of the tests.
sdk:
	@Scripts/make-sdk.sh $(BIN)/sdk

## Three examples, three verdicts: pass, fail and flaky.
example: build
	@Scripts/example.sh $(BIN)/keystone

lint:
	@Scripts/lint.sh

## Everything, in a debug build; long runs in short form.
test: dependencies lint
	@Scripts/test.sh

## Everything, with the long runs whole.
test-full: dependencies lint
	@KEYSTONE_TEST_FULL=1 Scripts/test.sh

## Figures as JSON on stdout.
bench: build
	@Scripts/bench.py $(BIN)

## Installs below PREFIX so that it works without a Swift toolchain.
install: build
	@Scripts/install.sh $(BIN) $(DESTDIR)$(PREFIX)

clean:
	rm -rf $(SCRATCH)
