# tcpstats. `make help` lists what there is to do. GNU make; BSD make comes here through BSDmakefile.
.DEFAULT_GOAL := all
SHELL := /bin/sh

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := $(shell sed -n 's/.*TCPS_VERSION "\(.*\)"/\1/p' csrc/version.h)

OS := $(shell uname -s)
CC ?= cc
PROTOC_C ?= protoc-c
PKG_CONFIG ?= pkg-config
LUA ?= $(firstword $(foreach l,lua5.4 lua54 lua-5.4 lua,$(shell command -v $l 2>/dev/null)) lua5.4)
LUA_PC := $(firstword $(foreach p,lua5.4 lua-5.4 lua54 lua,$(shell $(PKG_CONFIG) --exists $p 2>/dev/null && echo $p)))
LUA_CFLAGS := $(or $(LUA_CFLAGS),$(if $(LUA_PC),$(shell $(PKG_CONFIG) --cflags $(LUA_PC))))
LUA_LIBS ?= $(if $(LUA_PC),$(shell $(PKG_CONFIG) --libs $(LUA_PC)))
PROTOBUF_CFLAGS := $(or $(PROTOBUF_CFLAGS),$(shell $(PKG_CONFIG) --cflags libprotobuf-c 2>/dev/null))
PROTOBUF_LIBS ?= $(shell $(PKG_CONFIG) --libs libprotobuf-c 2>/dev/null || echo -lprotobuf-c)
# Compressed captures, where libzstd is installed.
ZSTD_LIBS ?= $(shell $(PKG_CONFIG) --libs libzstd 2>/dev/null)
ZSTD_CFLAGS := $(if $(ZSTD_LIBS),-DTCPS_ZSTD $(shell $(PKG_CONFIG) --cflags libzstd 2>/dev/null))
CORE_LIBS = $(PROTOBUF_LIBS) $(ZSTD_LIBS) -pthread -lm

OPTIMIZE ?= -O2
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror=switch -Werror=implicit-function-declaration
CFLAGS ?= $(OPTIMIZE) -g
# What makes a mistake in memory harder to exploit: this runs as root, on other people's bytes. `make lint` checks that it arrived; HARDEN= leaves it
# out. doc/performance.md says what it costs.
HARDEN_x86_64 := -fcf-protection=full
HARDEN_aarch64 := -mbranch-protection=standard
ifeq ($(origin HARDEN),undefined)
HARDEN := $(if $(filter -O1 -O2 -O3 -Os,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2) -fstack-protector-strong $(HARDEN_$(shell uname -m))
endif
# Paths are those of the tree, wherever it lies: the same sources give the same bytes.
PREFIX_MAP ?= -ffile-prefix-map=$(CURDIR)=.
override CFLAGS += $(HARDEN) -std=c11 -fPIC -fvisibility=hidden $(PREFIX_MAP)
CPPFLAGS += -D_GNU_SOURCE -Icsrc -I$(BUILD)/gen $(PROTOBUF_CFLAGS) $(ZSTD_CFLAGS)
ifeq ($(OS),Darwin)
MODULE_LDFLAGS := -bundle -undefined dynamic_lookup
EXPORT_LDFLAGS :=
else
MODULE_LDFLAGS := -shared -Wl,-z,relro,-z,now
EXPORT_LDFLAGS := -pie -Wl,-E,-z,relro,-z,now
endif

# Every folder of the core is compiled on every platform; a file that belongs to one is empty on the others.
CORE_DIRS := $(filter-out abi lua runtime host,$(notdir $(wildcard csrc/*)))
CORE_SRC := $(sort $(foreach d,$(CORE_DIRS),$(wildcard csrc/$d/*.c)))
LUA_SRC := $(sort $(wildcard csrc/lua/*.c))
RUNTIME_SRC := $(sort $(wildcard csrc/runtime/*.c))
HOST_SRC := $(sort $(wildcard csrc/host/*.c))
MODULES := $(shell find lua -name '*.lua' | LC_ALL=C sort)
# What the binary carries: all but the program that a rock installs.
EMBEDDED := $(filter-out lua/tcpstats/bin.lua,$(MODULES))
# And argparse, which Lua must find when the binary is built.
ARGPARSE := $(shell $(LUA) -e 'io.write(package.searchpath("argparse", package.path) or "")' 2>/dev/null)
EMBED := root=lua/ $(EMBEDDED) root=$(dir $(ARGPARSE)) $(ARGPARSE)
PROTOS := $(wildcard proto/*.proto)
GEN_OBJ := $(PROTOS:proto/%.proto=$(BUILD)/gen/%.pb-c.o)
GEN := $(BUILD)/gen/fields.h $(GEN_OBJ:.o=.c)
CORE_OBJ := $(CORE_SRC:%.c=$(BUILD)/%.o) $(GEN_OBJ)
LUA_OBJ := $(LUA_SRC:%.c=$(BUILD)/%.o)
RUNTIME_OBJ := $(RUNTIME_SRC:%.c=$(BUILD)/%.o)
HOST_OBJ := $(HOST_SRC:%.c=$(BUILD)/%.o) $(BUILD)/gen/embedded_modules.o $(BUILD)/gen/embedded_bytecode.o
MODULE := $(BUILD)/lib/tcpstats/core.so
RUNTIME := $(BUILD)/lib/tcpstats/runtime.so
BINARY := $(BUILD)/tcpstats-lua

all: $(BINARY) $(MODULE) $(RUNTIME) ## build the binary and the Lua modules into build/

# --- what make does not compare itself: with which flags, and of which files, the last build was made

# stamp NAME,TEXT: $(BUILD)/NAME is made again when TEXT differs from what it holds.
define stamp
$(BUILD)/$1: $(if $(subst <$(strip $2)>,,<$(shell cat $(BUILD)/$1 2>/dev/null)>),FORCE)
	@mkdir -p $$(@D)
	@printf '%s\n' '$(subst ','\'',$(strip $2))' >$$@
endef
$(eval $(call stamp,flags,$(CC) $(CPPFLAGS) $(LUA_CFLAGS) $(filter-out -ffile-prefix-map=%,$(CFLAGS)) $(LDFLAGS)))
$(eval $(call stamp,files,$(CORE_SRC) $(LUA_SRC) $(RUNTIME_SRC) $(HOST_SRC) $(MODULES) $(ARGPARSE)))
FORCE:

# What a build needs was there once: later on, the compiler says itself what it lacks.
FOUND := $(BUILD)/found
$(FOUND):
	@$(DEPS) --check build
	@mkdir -p $(@D) && touch $@

# --- what is generated

$(BUILD)/gen/fields.h: proto/tcp_stats.proto csrc/record/fields.awk | $(FOUND)
	@mkdir -p $(@D)
	LC_ALL=C awk -f csrc/record/fields.awk $< > $@.new && mv $@.new $@

$(BUILD)/gen/%.pb-c.c $(BUILD)/gen/%.pb-c.h: proto/%.proto | $(FOUND)
	@mkdir -p $(@D)
	$(PROTOC_C) --c_out=$(BUILD)/gen --proto_path=proto $<

$(BUILD)/gen/embedded_modules.c: csrc/host/embed.awk $(EMBEDDED) $(ARGPARSE) $(BUILD)/files | $(FOUND)
	@mkdir -p $(@D)
	@test -n '$(ARGPARSE)' || { $(DEPS) --check binary && echo 'make: $(LUA) does not find argparse' >&2; exit 1; }
	LC_ALL=C awk -f csrc/host/embed.awk $(EMBED) > $@.new && mv $@.new $@

$(BUILD)/precompile: tools/precompile.c $(BUILD)/flags | $(FOUND)
	@mkdir -p $(@D)
	$(CC) $(LUA_CFLAGS) $(CFLAGS) $(WARN) -o $@ $< $(LDFLAGS) $(LUA_LIBS) -lm

$(BUILD)/gen/embedded_bytecode.c: $(BUILD)/precompile $(EMBEDDED) $(ARGPARSE) $(BUILD)/files | $(FOUND)
	@mkdir -p $(@D)
	$(BUILD)/precompile $(EMBED) > $@.new && mv $@.new $@

# --- objects

$(BUILD)/%.o: %.c $(BUILD)/flags | $(GEN)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD -MP -c -o $@ $<

$(LUA_OBJ) $(RUNTIME_OBJ) $(HOST_OBJ): CPPFLAGS += $(LUA_CFLAGS)
$(BUILD)/csrc/host/embedded.o: CPPFLAGS += -DTCPS_BYTECODE

$(BUILD)/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/flags
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

$(MODULE): $(CORE_OBJ) $(LUA_OBJ) $(BUILD)/files
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $(MODULE_LDFLAGS) -o $@ $(filter %.o,$^) $(CORE_LIBS)

$(RUNTIME): $(RUNTIME_OBJ) $(BUILD)/files
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $(MODULE_LDFLAGS) -o $@ $(filter %.o,$^)

# Lua and protobuf-c go into the binary where their archives are installed: it then runs where it is copied to, and starts 0.1 ms sooner. The whole
# of Lua, because C modules that scripts require find it there.
archive = $(filter /%,$(shell $(CC) -print-file-name=$1))
ifeq ($(OS),Linux)
LUA_ARCHIVE := $(call archive,lib$(LUA_PC).a)
PROTOBUF_ARCHIVE := $(call archive,libprotobuf-c.a)
ZSTD_ARCHIVE := $(if $(ZSTD_LIBS),$(call archive,libzstd.a))
endif
, := ,
HOST_LIBS = $(or $(PROTOBUF_ARCHIVE),$(PROTOBUF_LIBS)) $(or $(ZSTD_ARCHIVE),$(ZSTD_LIBS)) \
    $(if $(LUA_ARCHIVE),-Wl$(,)--whole-archive $(LUA_ARCHIVE) -Wl$(,)--no-whole-archive -ldl,$(LUA_LIBS))

$(BINARY): $(CORE_OBJ) $(LUA_OBJ) $(RUNTIME_OBJ) $(HOST_OBJ) $(BUILD)/files
	$(CC) $(CFLAGS) $(LDFLAGS) $(EXPORT_LDFLAGS) -o $@ $(filter %.o,$^) $(HOST_LIBS) -pthread -lm

# What a spec cannot ask of the module: programs that use the core as it is.
SPEC_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(wildcard spec/*/*.c))
ifneq ($(OS),Linux) # these make network namespaces
SPEC_PROGRAMS := $(filter-out %/filter/push_down %/live/world,$(SPEC_PROGRAMS))
endif

$(BUILD)/spec/%: spec/%.c $(CORE_OBJ) $(BUILD)/files
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD -MP -o $@ $< $(CORE_OBJ) $(LDFLAGS) $(CORE_LIBS)

# Another implementation's protobuf, to compare with.
SPEC_PROGRAMS += $(BUILD)/spec/encode/interop
$(BUILD)/spec/encode/interop: spec/encode/interop.cc proto/tcp_stats.proto
	@mkdir -p $(@D)
	protoc --cpp_out=$(@D) --proto_path=proto proto/tcp_stats.proto
	$(CXX) -O1 -I$(@D) -o $@ $< $(@D)/tcp_stats.pb.cc $$($(PKG_CONFIG) --cflags --libs protobuf)

# --- using it

# A verb looks for what it needs itself, and the system's package manager is asked only for what is missing.
DEPS = CC='$(CC)' CXX='$(CXX)' LUA='$(LUA)' PKG_CONFIG='$(PKG_CONFIG)' PROTOC_C='$(PROTOC_C)' CPPFLAGS='$(LUA_CFLAGS) $(PROTOBUF_CFLAGS)' .ci/deps

deps: deps-run ## install what building and running need, by the system's package manager
deps-%: ## install what the verb % needs: deps-test, deps-lint, deps-fuzz ...
	@$(DEPS) $*

run: deps-run ## install what is missing, build, show this machine's sockets once
	@$(MAKE) --no-print-directory -s all
	@$(BINARY) -c 1 table
	@printf '%s\n' "" "What else (make install puts tcpstats-lua into $(PREFIX)/bin):" \
	    "  $(BINARY) top                     a live screen: rates, retransmits, states" \
	    "  $(BINARY) -c 1 --pretty json      one pass as JSON; without -c 1 a line a second" \
	    "  $(BINARY) flat | jq .             one line a socket: for jq, ClickHouse, log shippers" \
	    "  $(BINARY) examples/who_retransmits.lua   a script; copy it and make it your own alert" \
	    "  $(BINARY) --list                  scripts, sources, outputs"

LUADIR ?= $(PREFIX)/share/lua/5.4
LIBDIR ?= $(PREFIX)/lib/lua/5.4

install: all install-module ## install below PREFIX (/usr/local), with DESTDIR before it
	@install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/tcpstats/examples $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/
	install -m 644 proto/*.proto $(DESTDIR)$(PREFIX)/share/tcpstats/
	$(if $(wildcard examples/*.lua),install -m 644 examples/*.lua $(DESTDIR)$(PREFIX)/share/tcpstats/examples/)
	$(if $(wildcard man/*.1),install -m 644 man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/)

# What a rock installs.
module: $(MODULE) $(RUNTIME) ## build the Lua modules alone
install-module: $(MODULE) $(RUNTIME) ## install them alone, into LUADIR and LIBDIR
	@install -d $(DESTDIR)$(LIBDIR)/tcpstats
	install -m 755 $(MODULE) $(RUNTIME) $(DESTDIR)$(LIBDIR)/tcpstats/
	@cd lua && for m in $(MODULES:lua/%=%); do \
	    install -d "$(abspath $(DESTDIR)$(LUADIR))/$$(dirname $$m)" && \
	    install -m 644 "$$m" "$(abspath $(DESTDIR)$(LUADIR))/$$m" || exit 1; done

uninstall: ## remove what install put there (the same PREFIX and DESTDIR)
	rm -f $(INSTALLED:%='$(DESTDIR)%')
	@for d in $(LUADIR)/tcpstats $(LIBDIR)/tcpstats $(PREFIX)/share/tcpstats; do \
	    if [ -d "$(DESTDIR)$$d" ]; then find "$(DESTDIR)$$d" -depth -type d -empty -exec rmdir {} \;; fi; done
INSTALLED = $(PREFIX)/bin/$(notdir $(BINARY)) $(patsubst %,$(LIBDIR)/tcpstats/%,$(notdir $(MODULE) $(RUNTIME))) $(MODULES:lua/%=$(LUADIR)/%) \
    $(PROTOS:proto/%=$(PREFIX)/share/tcpstats/%) $(patsubst %,$(PREFIX)/share/tcpstats/%,$(wildcard examples/*.lua) $(shell find types -name '*.lua')) \
    $(patsubst man/%,$(PREFIX)/share/man/man1/%,$(wildcard man/*.1))

rock: deps-rock ## build and install the rock into build/rock, and use it from there
	@rm -rf $(BUILD)/rock
	luarocks --lua-version 5.4 --tree $(abspath $(BUILD))/rock make --deps-mode none rockspec/tcpstats-scm-1.rockspec >/dev/null
	@cd / && env LUA_PATH="$(abspath $(BUILD))/rock/share/lua/5.4/?.lua;$(abspath $(BUILD))/rock/share/lua/5.4/?/init.lua" \
	    LUA_CPATH="$(abspath $(BUILD))/rock/lib/lua/5.4/?.so" $(LUA) -e 'print(#require("tcpstats").collect() .. " sockets, read with the rock")'

clean: ## remove what was built
	rm -rf build build-* dist

# --- checking it

# The specs see what is installed, in a fresh prefix, and nothing of the tree but themselves and their fixtures.
STAGE := $(abspath $(BUILD))/stage
# Debian's busted is a script for any Lua, LuaRocks' is one for the shell.
BUSTED_PROGRAM = $(shell command -v busted)
BUSTED ?= $(if $(shell head -n 1 $(BUSTED_PROGRAM) | grep lua),$(LUA)) $(BUSTED_PROGRAM)
SPEC ?= spec
TEST_BIN = $(STAGE)/bin/tcpstats-lua
test: deps-test ## install what is missing, build, run the specs against a fresh prefix (SPEC=file for one)
	@$(MAKE) --no-print-directory -s all $(SPEC_PROGRAMS)
	@rm -rf $(STAGE) && $(MAKE) --no-print-directory -s install PREFIX=$(STAGE) DESTDIR= >/dev/null
	@env $(TEST_ENV) TCPSTATS_BIN=$(TEST_BIN) TCPSTATS_PREFIX=$(STAGE) TCPSTATS_SPEC_PROGRAMS=$(abspath $(BUILD))/spec \
	    LUA_PATH="$(STAGE)/share/lua/5.4/?.lua;$(STAGE)/share/lua/5.4/?/init.lua;./?.lua;;" LUA_CPATH="$(STAGE)/lib/lua/5.4/?.so;;" \
	    $(BUSTED) -o utfTerminal --lpath= --cpath= --pattern=_spec $(BUSTED_FLAGS) $(SPEC)

check: test ## the same

# The same under AddressSanitizer and UndefinedBehaviorSanitizer; Lua itself is not built with them, so it gets them preloaded.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
asan: deps-asan ## the specs once more, with the address and undefined behaviour sanitizers
	@$(MAKE) --no-print-directory -s test BUILD=build-asan CC=gcc OPTIMIZE="-O1 $(SANITIZE)" HARDEN= LDFLAGS="$(SANITIZE)" BUSTED_FLAGS=--exclude-tags=tree \
	    TEST_ENV="LD_PRELOAD=$$(gcc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1"

# Twice: gcov counts what the program does, and tools/coverage/record.lua what its Lua does when the Lua that is installed runs it. A spec that fails does
# not keep the figures from being printed.
COVERED = $(MAKE) --no-print-directory -s test BUILD=build-coverage CC=gcc CFLAGS="-O0 -g --coverage" HARDEN= PREFIX_MAP= LDFLAGS=--coverage \
    BUSTED_FLAGS=--exclude-tags=tree
coverage: deps-coverage ## print which lines and branches the specs run, by room (SPEC=folder for some of them)
	@rm -rf build-coverage/lines && mkdir -p build-coverage/lines
	@find build-coverage -name '*.gcda' -exec rm {} +
	-@$(COVERED)
	@printf '#!/bin/sh\nexec $(LUA) $(CURDIR)/build-coverage/stage/share/lua/5.4/tcpstats/bin.lua "$$@"\n' >build-coverage/by-lua && chmod +x build-coverage/by-lua
	-@$(COVERED) TEST_BIN=$(CURDIR)/build-coverage/by-lua TEST_ENV="LUA_INIT=@$(CURDIR)/tools/coverage/record.lua TCPSTATS_COVERAGE=$(CURDIR)/build-coverage/lines"
	@$(LUA) tools/coverage/report.lua build-coverage

mutants: deps-test ## put faults into a copy of the tree and say which ones no spec finds (FAULT=words for some of them)
	@rm -rf build-mutants && mkdir -p build-mutants && tar -c --exclude=./.git --exclude='./build*' --exclude=./dist . | tar -x -C build-mutants
	@cd build-mutants && $(LUA) tools/mutants/run.lua $(if $(FAULT),'$(FAULT)')

# A fuzzer is a file in fuzz/; what it needs of the core is linked whole. Findings stay in build-fuzz.
FUZZ_SECONDS ?= 60
FUZZERS := $(patsubst fuzz/%.c,build-fuzz/%,$(wildcard fuzz/*.c))
FUZZ_FLAGS := -std=c11 -D_GNU_SOURCE -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
build-fuzz/core.a: $(CORE_SRC) $(GEN) $(wildcard csrc/*/*.h)
	@rm -rf build-fuzz/objects && mkdir -p build-fuzz/objects
	@cd build-fuzz/objects && for f in $(CORE_SRC) $(GEN_OBJ:.o=.c); do \
	    clang $(FUZZ_FLAGS) -I$(CURDIR)/csrc -I$(abspath $(BUILD)/gen) $(PROTOBUF_CFLAGS) $(ZSTD_CFLAGS) -c -o $$(echo $$f | tr / _).o $(CURDIR)/$$f || exit 1; done
	@rm -f $@ && ar rcs $@ build-fuzz/objects/*.o
build-fuzz/%: fuzz/%.c build-fuzz/core.a
	@clang $(FUZZ_FLAGS) -fsanitize=fuzzer -Icsrc -I$(BUILD)/gen $(PROTOBUF_CFLAGS) -o $@ $< build-fuzz/core.a $(CORE_LIBS)
fuzz: deps-fuzz ## run every fuzzer for FUZZ_SECONDS (60) under the sanitizers
	@$(MAKE) --no-print-directory -s $(FUZZERS)
	@for f in $(FUZZERS); do mkdir -p $$f.corpus; echo "fuzz: $$f"; \
	    $$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 -artifact_prefix=$$f. $$f.corpus 2>$$f.log || \
	    { cat $$f.log; exit 1; }; grep -E "number_of_executed_units" $$f.log; done

lint: deps-lint ## luacheck, clang-format, cppcheck, that rooms know only those above them, that what is built is hardened
	@luacheck --quiet lua spec tools examples bench rockspec/*.rockspec
	@clang-format --dry-run -Werror $(wildcard csrc/*/*.[ch] fuzz/*.c bench/*.c spec/*/*.c)
	@$(LUA) tools/layers.lua ARCHITECTURE.md $(wildcard csrc/*/*.[ch]) $(MODULES)
	@$(MAKE) --no-print-directory -s all
	@$(if $(HARDEN),.ci/hardened $(BINARY) $(MODULE) $(RUNTIME) $(CORE_OBJ))
	@cppcheck --quiet --enable=warning,performance,portability --inline-suppr --error-exitcode=1 --std=c11 -Icsrc -I$(BUILD)/gen \
	    --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches csrc

# --- measuring it

include bench.mk

# --- documentation

include docs.mk

# --- for other systems

include cross.mk

freebsd-check: deps-freebsd-check $(GEN) ## compile for FreeBSD, syntax only, against our own declarations of it
	@.ci/freebsd-check $(BUILD)

help: ## list what there is to do
	@awk -F ':.*## ' '/^[a-z0-9_%-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: all module deps run install install-module uninstall rock clean test check coverage mutants asan fuzz lint freebsd-check help FORCE
