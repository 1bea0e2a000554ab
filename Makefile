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
LUA_CFLAGS ?= $(if $(LUA_PC),$(shell $(PKG_CONFIG) --cflags $(LUA_PC)))
LUA_LIBS ?= $(if $(LUA_PC),$(shell $(PKG_CONFIG) --libs $(LUA_PC)))
PROTOBUF_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags libprotobuf-c 2>/dev/null)
PROTOBUF_LIBS ?= $(shell $(PKG_CONFIG) --libs libprotobuf-c 2>/dev/null || echo -lprotobuf-c)

OPTIMIZE ?= -O2
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
CFLAGS ?= $(OPTIMIZE) -g
override CFLAGS += -std=c11 -fPIC -fvisibility=hidden
CPPFLAGS += -D_GNU_SOURCE -Icsrc -I$(BUILD)/gen $(PROTOBUF_CFLAGS)
ifeq ($(OS),Darwin)
MODULE_LDFLAGS := -bundle -undefined dynamic_lookup
EXPORT_LDFLAGS :=
else
MODULE_LDFLAGS := -shared
EXPORT_LDFLAGS := -Wl,-E
endif

# Every folder of the core is compiled on every platform; a file that belongs to one is empty on the others.
CORE_DIRS := record kernel parse filter delta source collect encode
CORE_SRC := $(sort $(foreach d,$(CORE_DIRS),$(wildcard csrc/$d/*.c)))
LUA_SRC := $(sort $(wildcard csrc/lua/*.c))
HOST_SRC := $(sort $(wildcard csrc/host/*.c))
MODULES := $(shell find lua -name '*.lua' | LC_ALL=C sort)
PROTOS := $(wildcard proto/*.proto)
GEN_OBJ := $(PROTOS:proto/%.proto=$(BUILD)/gen/%.pb-c.o)
GEN := $(BUILD)/gen/fields.h $(GEN_OBJ:.o=.c)
CORE_OBJ := $(CORE_SRC:%.c=$(BUILD)/%.o) $(GEN_OBJ)
LUA_OBJ := $(LUA_SRC:%.c=$(BUILD)/%.o)
HOST_OBJ := $(HOST_SRC:%.c=$(BUILD)/%.o) $(BUILD)/gen/embedded_modules.o
MODULE := $(BUILD)/lib/tcpstats/core.so
BINARY := $(BUILD)/tcpstats-lua

all: $(BINARY) $(MODULE) ## build the binary and the Lua module into build/

# --- what is generated

$(BUILD)/gen/fields.h: proto/tcp_stats.proto csrc/record/fields.awk
	@mkdir -p $(@D)
	LC_ALL=C awk -f csrc/record/fields.awk $< > $@.new && mv $@.new $@

$(BUILD)/gen/%.pb-c.c $(BUILD)/gen/%.pb-c.h: proto/%.proto
	@mkdir -p $(@D)
	$(PROTOC_C) --c_out=$(BUILD)/gen --proto_path=proto $<

$(BUILD)/gen/embedded_modules.c: csrc/host/embed.awk $(MODULES)
	@mkdir -p $(@D)
	LC_ALL=C awk -f csrc/host/embed.awk root=lua/ $(MODULES) > $@.new && mv $@.new $@

# --- objects

$(BUILD)/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD -MP -c -o $@ $<

$(LUA_OBJ) $(HOST_OBJ): CPPFLAGS += $(LUA_CFLAGS)

$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

$(MODULE): $(CORE_OBJ) $(LUA_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $(MODULE_LDFLAGS) -o $@ $^ $(PROTOBUF_LIBS) -lm

$(BINARY): $(CORE_OBJ) $(LUA_OBJ) $(HOST_OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) $(EXPORT_LDFLAGS) -o $@ $^ $(PROTOBUF_LIBS) $(LUA_LIBS) -lm

# What a spec cannot ask of the module: programs that use the core as it is.
SPEC_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(wildcard spec/*/*.c))

$(BUILD)/spec/%: spec/%.c $(CORE_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD -MP -o $@ $< $(CORE_OBJ) $(LDFLAGS) $(PROTOBUF_LIBS) -lm

# --- using it

deps: ## install what building and running need, by the system's package manager
	@.ci/deps build

deps-test: ## install what the tests, lint, sanitizers and fuzzers need as well
	@.ci/deps test

run: deps ## install what is missing, build, show this machine's sockets once
	@$(MAKE) --no-print-directory -s all
	@$(BINARY) -c 1 --pretty json

install: all ## install below PREFIX (/usr/local), with DESTDIR before it
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/lua/5.4/tcpstats $(DESTDIR)$(PREFIX)/share/tcpstats
	install -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(MODULE) $(DESTDIR)$(PREFIX)/lib/lua/5.4/tcpstats/
	@for m in $(MODULES:lua/%=%); do \
	    install -d "$(DESTDIR)$(PREFIX)/share/lua/5.4/$$(dirname $$m)" && \
	    install -m 644 "lua/$$m" "$(DESTDIR)$(PREFIX)/share/lua/5.4/$$m" || exit 1; done
	install -m 644 proto/*.proto $(DESTDIR)$(PREFIX)/share/tcpstats/

clean: ## remove what was built
	rm -rf $(BUILD) build-asan build-fuzz dist

# --- checking it

# The specs see what is installed, in a fresh prefix, and nothing of the tree but themselves and their fixtures.
STAGE := $(abspath $(BUILD))/stage
BUSTED ?= $(LUA) $(shell command -v busted)
SPEC ?= spec
test: deps-test ## install what is missing, build, run the specs against a fresh prefix (SPEC=file for one)
	@$(MAKE) --no-print-directory -s all $(SPEC_PROGRAMS)
	@rm -rf $(STAGE) && $(MAKE) --no-print-directory -s install PREFIX=$(STAGE) DESTDIR= >/dev/null
	@env TCPSTATS_BIN=$(STAGE)/bin/tcpstats-lua TCPSTATS_PREFIX=$(STAGE) TCPSTATS_SPEC_PROGRAMS=$(abspath $(BUILD))/spec \
	    LUA_PATH="$(STAGE)/share/lua/5.4/?.lua;$(STAGE)/share/lua/5.4/?/init.lua;./?.lua;;" LUA_CPATH="$(STAGE)/lib/lua/5.4/?.so;;" \
	    $(BUSTED) -o utfTerminal --lpath= --cpath= --pattern=_spec $(SPEC)

# --- for other systems

include cross.mk

help: ## list what there is to do
	@awk -F ':.*## ' '/^[a-z0-9_%-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: all deps deps-test run install clean test help
