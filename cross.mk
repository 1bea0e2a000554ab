# Self-contained binaries of other systems, made on Linux; included by the Makefile. doc/cross.md tells how to use it.
#   make cross-TARGET     dist/TARGET/tcpstats-lua, and beside it the licences of all that is inside
#   make cross-all        every target
#   make cross-check      that, and .ci/cross-check on the products
#   ZIG=zig  SRC=folder  CROSS_CACHE=folder
CROSS_TARGETS = x86_64-macos aarch64-macos x86_64-linux aarch64-linux

.PHONY: cross-all cross-check $(CROSS_TARGETS:%=cross-%)
cross-all: $(CROSS_TARGETS:%=cross-%)

# Who builds for his own system has nothing to do with the rest.
ifneq ($(filter cross-% dist/%,$(MAKECMDGOALS)),)

CROSS_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tcpstats
cross_run = ZIG_GLOBAL_CACHE_DIR='$(CROSS_CACHE)/zig-cache' ZIG_LOCAL_CACHE_DIR='$(CROSS_CACHE)/zig-cache' '$(ZIG)'
cross_zig_lib = $(cross_run) env | sed -n 's/.*"lib_dir": "\([^"]*\)".*/\1/p'
cross_gen = build/cross/gen

ifndef CROSS # ---- what all targets share

ifndef ZIG
ZIG := $(CROSS_CACHE)/zig-$(shell sed -n 's/^zig_package=.*@//p' .ci/cross-deps)/zig
cross_fetched += $(ZIG)
$(ZIG):
	.ci/cross-deps zig '$(@D)'
endif
ifndef SRC
SRC := $(CROSS_CACHE)/sources
cross_fetched += $(SRC)/lua
$(SRC)/lua:
	.ci/cross-deps sources '$(@D)'
endif

cross_modules := $(shell find lua -name '*.lua')
cross_made = $(addprefix $(cross_gen)/,tcp_stats.pb-c.c fields.h embedded_modules.c)
$(cross_gen)/tcp_stats.pb-c.c: proto/tcp_stats.proto
	@mkdir -p $(@D)
	protoc-c --proto_path=proto --c_out=$(@D) $<
$(cross_gen)/fields.h: csrc/record/fields.awk proto/tcp_stats.proto
	@mkdir -p $(@D)
	awk -f $^ >$@.new && mv $@.new $@
$(cross_gen)/embedded_modules.c: csrc/host/embed.awk $(cross_modules) | $(cross_fetched)
	@mkdir -p $(@D)
	LC_ALL=C awk -f csrc/host/embed.awk root=lua/ $(cross_modules) \
	    'root=$(SRC)/argparse/src/' '$(SRC)/argparse/src/argparse.lua' \
	    'root=$(SRC)/luasocket/src/' '$(SRC)/luasocket/src/socket.lua' >$@.new && mv $@.new $@

$(CROSS_TARGETS:%=cross-%): cross-%: $(cross_fetched) $(cross_made)
	@$(MAKE) --no-print-directory -s CROSS=$* ZIG='$(ZIG)' SRC='$(SRC)' dist/$*/tcpstats-lua dist/$*/LICENSES
cross-check: cross-all
	.ci/cross-check "$$($(cross_zig_lib))/libc/darwin/libSystem.tbd" $(CROSS_TARGETS:%=dist/%/tcpstats-lua)

else # ---- one target, CROSS=ARCHITECTURE-SYSTEM: objects in build/cross/TARGET, products in dist/TARGET

cross_system := $(lastword $(subst -, ,$(CROSS)))
cross_objects := build/cross/$(CROSS)

# What a target's system wants. A Mac's Lua may load C modules, a static Linux binary cannot.
# zig's run-time library would take the place of libSystem's memcpy and memcmp, with loops over bytes; a Mac needs nothing of it.
ifeq ($(cross_system),macos)
cross_target = $(CROSS).11.0
cross_defines = -DLUA_USE_MACOSX -DUNIX_HAS_SUN_LEN
cross_link = build-exe -target $(cross_target) -O ReleaseFast -fno-compiler-rt -fstrip -dead_strip -lc $^ -femit-bin=$@
else
cross_target = $(CROSS)-musl
cross_defines = -DLUA_USE_POSIX
cross_link = cc -target $(cross_target) -O2 -static -s -Wl,--gc-sections $^ -o $@
endif
cross_cc = $(cross_run) cc -target $(cross_target) -O2 -ffunction-sections -fdata-sections -fstack-protector-strong
cross_include = -Icsrc -I$(cross_gen) -I'$(SRC)/lua/src' -I'$(SRC)/protobuf-c'

# What others wrote, by folder of SRC. Its warnings are not ours to mend.
cross_others = $(addprefix lua/src/,lapi lauxlib lbaselib lcode lcorolib lctype ldblib ldebug ldo ldump lfunc lgc linit liolib llex lmathlib lmem \
	loadlib lobject lopcodes loslib lparser lstate lstring lstrlib ltable ltablib ltm lundump lutf8lib lvm lzio) \
	protobuf-c/protobuf-c/protobuf-c $(addprefix lua-cjson/,lua_cjson strbuf fpconv) \
	$(addprefix luasocket/src/,luasocket timeout buffer io auxiliar options inet usocket except select tcp udp compat unix unixstream unixdgram)
# What we wrote: every C file, which asks itself whether it is meant for the target.
cross_ours := $(basename $(wildcard csrc/*/*.c))
cross_warnings = -Wall -Wextra -Werror=implicit-function-declaration -Werror=unguarded-availability-new

$(cross_others:%=$(cross_objects)/%.o): $(cross_objects)/%.o:
	@mkdir -p $(@D) && echo '  CC    $@'
	@$(cross_cc) -w -DLUA_COMPAT_5_3 -DLUASOCKET_NODEBUG $(cross_defines) $(cross_include) -c '$(SRC)/$*.c' -o $@
$(cross_ours:%=$(cross_objects)/%.o): $(cross_objects)/%.o: %.c
	@mkdir -p $(@D) && echo '  CC    $@'
	@$(cross_cc) -std=c11 -D_GNU_SOURCE -DTCPS_SELF_CONTAINED $(cross_warnings) $(cross_include) -MMD -MP -c $< -o $@
$(cross_objects)/gen/%.o: $(cross_gen)/%.c
	@mkdir -p $(@D) && echo '  CC    $@'
	@$(cross_cc) -std=c11 $(cross_include) -c $< -o $@
dist/$(CROSS)/tcpstats-lua: $(patsubst %,$(cross_objects)/%.o,$(cross_others) $(cross_ours) gen/tcp_stats.pb-c gen/embedded_modules)
	@mkdir -p $(@D) && echo '  LINK  $@'
	@$(cross_run) $(cross_link)
-include $(cross_ours:%=$(cross_objects)/%.d)
$(cross_ours:%=$(cross_objects)/%.d): ;

# Their licences ask to be handed on with the binary.
dist/$(CROSS)/LICENSES: LICENSE
	@mkdir -p $(@D)
	@{ echo 'tcpstats'; cat LICENSE; \
	    echo; echo 'Lua'; sed -n '/^\* Copyright/,/^\*\*\*/{s/^\* \{0,1\}//;/^\*/!p;}' '$(SRC)/lua/src/lua.h'; \
	    for part in protobuf-c lua-cjson argparse luasocket; do echo; echo "$$part"; cat '$(SRC)'/$$part/LICENSE; done; \
	    case $(cross_system) in linux) echo; echo 'musl'; cat "$$($(cross_zig_lib))/libc/musl/COPYRIGHT";; esac; } >$@

endif
endif
