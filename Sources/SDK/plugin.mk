# How a plugin is built against the SDK this file lies in. A plugin's Makefile sets PLUGIN and includes it.
#
#   make            builds PLUGIN.so, which carries everything it needs and exports one symbol
#   make test       tests it: its own tests, and the conformance suites on the finished file
#   make validate   runs the conformance suites and the checks of the file only
#   make example    installs it for you and runs spec.yaml
#
# Sources lie in Sources, tests in Tests. The language is that of the sources.

SDK := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
KEYSTONE ?= $(abspath $(SDK)/../keystone)
SWIFTC ?= swiftc
RUSTC ?= rustc
PKG_CONFIG ?= pkg-config
OUT ?= .build

SWIFT_SOURCES := $(wildcard Sources/*.swift)
C_SOURCES := $(wildcard Sources/*.c)
RUST_SOURCES := $(wildcard Sources/*.rs)
TESTS := $(wildcard Tests/*.swift)

.PHONY: all test validate example clean
all: $(PLUGIN).so

clean:
	rm -rf $(OUT) $(PLUGIN).so

validate: $(PLUGIN).so
	$(KEYSTONE) plugin validate $(PLUGIN).so

example: $(PLUGIN).so
	$(KEYSTONE) plugin install --yes $(PLUGIN).so
	$(KEYSTONE) eval run spec.yaml

ifneq ($(SWIFT_SOURCES),)
# The kit is built once per compiler: what the SDK has for this one is used, else it is compiled here.
COMPILER := $(shell $(SWIFTC) --version 2>/dev/null | cksum | cut -d' ' -f1)
KIT := $(SDK)/lib/$(COMPILER)
ifeq ($(wildcard $(KIT)/KeystoneKit.o),)
KIT := $(abspath $(OUT))/kit
endif
SWIFT_FLAGS = -swift-version 6 -parse-as-library -I $(KIT) -I $(SDK)/include \
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault

$(KIT)/KeystoneKit.o:
	$(SDK)/build-kit.sh $(KIT)

$(PLUGIN).so: $(SWIFT_SOURCES) $(KIT)/KeystoneKit.o
	@mkdir -p $(OUT)
	$(SWIFTC) -O -wmo $(SWIFT_FLAGS) -module-name plugin -emit-library -static-stdlib -o $@ $(SWIFT_SOURCES) \
	  $(KIT)/KeystoneKit.o $(PLUGIN_OBJECTS) -Xlinker --version-script=$(SDK)/plugin.map -Xlinker --gc-sections -Xlinker -s

# Tests see the plugin's types: both are compiled into one program.
TESTING := $(shell dirname $$(dirname $$(readlink -f $$(command -v $(SWIFTC)))))/lib/swift/host/plugins
$(OUT)/tests: $(SWIFT_SOURCES) $(TESTS) $(KIT)/KeystoneKit.o
	@mkdir -p $(OUT)
	$(SWIFTC) -Onone $(SWIFT_FLAGS) -module-name tests -emit-executable -plugin-path $(TESTING) \
	  -plugin-path $(TESTING)/testing -o $@ $(SWIFT_SOURCES) $(TESTS) $(SDK)/test-main.swift \
	  $(KIT)/KeystoneKit.o $(KIT)/KeystoneTestKit.o

test: $(OUT)/tests validate
	$(OUT)/tests
else
test: validate
endif

ifneq ($(C_SOURCES),)
CFLAGS ?= -O2 -Wall -Wextra
$(PLUGIN).so: $(C_SOURCES)
	$(CC) -std=c11 $(CFLAGS) `PKG_CONFIG_PATH=$(SDK)/pkgconfig $(PKG_CONFIG) --cflags keystone` -shared -fPIC \
	  -fvisibility=hidden -pthread -o $@ $(C_SOURCES)
endif

ifneq ($(RUST_SOURCES),)
# `keystone.rs` is the plugin's view of the boundary, on the blocking helpers in C.
$(OUT)/keystone_rust.o: $(SDK)/rust/keystone_rust.c
	@mkdir -p $(OUT)
	$(CC) -std=c11 -O2 -I$(SDK)/include -fPIC -pthread -c -o $@ $<

$(PLUGIN).so: $(RUST_SOURCES) $(OUT)/keystone_rust.o $(SDK)/rust/keystone.rs
	KEYSTONE_RUST=$(SDK)/rust/keystone.rs $(RUSTC) --edition 2021 -O -C panic=abort -C strip=symbols --crate-type cdylib \
	  --crate-name plugin -C link-arg=$(abspath $(OUT))/keystone_rust.o -o $@ Sources/plugin.rs
endif
