# Builds self-contained binaries for other systems on Linux; included by the Makefile. doc/cross.md says how to use it.
#   ZIG=zig  SRC=folder  CROSS_CACHE=folder
CROSS_TARGETS = x86_64-macos aarch64-macos x86_64-linux aarch64-linux

cross-x86_64-macos: ## one file for Intel Macs: dist/x86_64-macos/tcpstats-lua
cross-aarch64-macos: ## one file for ARM Macs
cross-x86_64-linux: ## one static file for Linux
cross-aarch64-linux: ## one static file for Linux on ARM
cross-all: $(CROSS_TARGETS:%=cross-%) ## these four
cross-check: cross-all ## these four, and whether their systems will take them
.DELETE_ON_ERROR:
.PHONY: cross-all cross-check $(CROSS_TARGETS:%=cross-%)

# A native build needs nothing below.
ifneq ($(filter cross-% dist/%,$(MAKECMDGOALS)),)

CROSS_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tcpstats
cross_run = ZIG_GLOBAL_CACHE_DIR='$(CROSS_CACHE)/zig-cache' ZIG_LOCAL_CACHE_DIR='$(CROSS_CACHE)/zig-cache' '$(ZIG)'
cross_zig_lib = $(cross_run) env | sed -n 's/.*"lib_dir": "\([^"]*\)".*/\1/p'

ifndef CROSS_TARGET # ---- what all targets share

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

cross_modules = $(BUILD)/cross/embedded_modules.c
$(cross_modules): csrc/host/embed.awk $(MODULES) | $(cross_fetched)
	@mkdir -p $(@D)
	@LC_ALL=C awk -f csrc/host/embed.awk root=lua/ $(MODULES) \
	    'root=$(SRC)/argparse/src/' '$(SRC)/argparse/src/argparse.lua' \
	    'root=$(SRC)/luasocket/src/' '$(SRC)/luasocket/src/socket.lua' >$@.new && mv $@.new $@

$(CROSS_TARGETS:%=cross-%): cross-%: $(GEN) $(cross_modules) | $(cross_fetched)
	@$(MAKE) --no-print-directory -s CROSS_TARGET=$* ZIG='$(ZIG)' SRC='$(SRC)' dist/$*/tcpstats-lua dist/$*/LICENSES
# What plays a Mac, for each processor.
cross_runner = $(BUILD)/cross/macho-run-
$(cross_runner)%: .ci/macho-run.c | $(cross_fetched)
	@mkdir -p $(@D)
	@$(cross_run) cc -target $*-linux-musl -static -O1 -Wall -Wextra $< -o $@
cross-check: $(BINARY) $(cross_runner)x86_64 $(cross_runner)aarch64
	@.ci/cross-check "$$($(cross_zig_lib))/libc/darwin/libSystem.tbd" $(cross_runner) $(BINARY) $(CROSS_TARGETS:%=dist/%/tcpstats-lua)

else # ---- one target, CROSS_TARGET=ARCHITECTURE-SYSTEM: objects in $(BUILD)/cross/TARGET, products in dist/TARGET

cross_system := $(lastword $(subst -, ,$(CROSS_TARGET)))
cross_objects := $(BUILD)/cross/$(CROSS_TARGET)

# What a target's system wants. A Mac's Lua may load C modules, a static Linux binary cannot.
# zig's run-time library would take the place of libSystem's memcpy and memcmp, with loops over bytes; a Mac needs nothing of it.
# zig's linker leaves the descriptors of a Mac's thread-local variables unbound, and this program has one thread: they become ordinary ones.
ifeq ($(cross_system),macos)
cross_target = $(CROSS_TARGET).11.0
cross_defines = -DLUA_USE_MACOSX -DUNIX_HAS_SUN_LEN -D_Thread_local=
cross_link = build-exe -target $(cross_target) -O ReleaseFast -fno-compiler-rt -fstrip -dead_strip -lc $^ -femit-bin=$@
else
cross_target = $(CROSS_TARGET)-musl
cross_defines = -DLUA_USE_POSIX
cross_link = cc -target $(cross_target) -O2 -static -s -Wl,--gc-sections $^ -o $@
endif
cross_cc = $(cross_run) cc -target $(cross_target) -O2 -ffunction-sections -fdata-sections -fstack-protector-strong \
	-fno-unwind-tables -fno-asynchronous-unwind-tables $(cross_defines)
cross_include = -Icsrc -I$(BUILD)/gen -I'$(SRC)/lua/src' -I'$(SRC)/protobuf-c' -I'$(SRC)/zstd/lib'

cross_zstd = $(addprefix common/,debug entropy_common error_private fse_decompress xxhash zstd_common) \
	$(addprefix compress/,fse_compress hist huf_compress zstd_compress zstd_compress_literals zstd_compress_sequences zstd_compress_superblock \
	zstd_double_fast zstd_fast zstd_lazy zstd_ldm zstd_opt) $(addprefix decompress/,huf_decompress zstd_ddict zstd_decompress zstd_decompress_block)
# What others wrote, by folder of SRC. Its warnings are not ours to mend.
cross_others = $(addprefix lua/src/,lapi lauxlib lbaselib lcode lcorolib lctype ldblib ldebug ldo ldump lfunc lgc linit liolib llex lmathlib lmem \
	loadlib lobject lopcodes loslib lparser lstate lstring lstrlib ltable ltablib ltm lundump lutf8lib lvm lzio) \
	protobuf-c/protobuf-c/protobuf-c $(addprefix zstd/lib/,$(cross_zstd)) \
	$(addprefix luasocket/src/,luasocket timeout buffer io auxiliar options inet usocket except select tcp udp compat unix unixstream unixdgram)
# What we wrote: all of it for every target; a file that belongs to one system is empty on the others.
cross_ours := $(basename $(CORE_SRC) $(LUA_SRC) $(RUNTIME_SRC) $(HOST_SRC))
cross_messages := $(patsubst $(BUILD)/%.c,%,$(filter %.c,$(GEN)))
cross_warnings = $(WARN) -Wno-empty-translation-unit -Werror=implicit-function-declaration -Werror=unguarded-availability-new

$(cross_others:%=$(cross_objects)/%.o): $(cross_objects)/%.o: cross.mk
	@mkdir -p $(@D) && echo '  CC    $@'
	@$(cross_cc) -w -DLUA_COMPAT_5_3 -DLUASOCKET_NODEBUG -DZSTD_DISABLE_ASM $(cross_include) -c '$(SRC)/$*.c' -o $@
$(cross_ours:%=$(cross_objects)/%.o): $(cross_objects)/%.o: %.c cross.mk
	@mkdir -p $(@D) && echo '  CC    $@'
	@$(cross_cc) -std=c11 -fvisibility=hidden -D_GNU_SOURCE -DTCPS_SELF_CONTAINED -DTCPS_ZSTD $(cross_warnings) $(cross_include) -MMD -MP -c $< -o $@
$(cross_messages:%=$(cross_objects)/%.o): $(cross_objects)/gen/%.o: $(BUILD)/gen/%.c cross.mk
$(cross_objects)/gen/embedded_modules.o: $(BUILD)/cross/embedded_modules.c cross.mk
$(cross_objects)/gen/%.o:
	@mkdir -p $(@D) && echo '  CC    $@'
	@$(cross_cc) -std=c11 $(cross_include) -c $< -o $@
dist/$(CROSS_TARGET)/tcpstats-lua: $(patsubst %,$(cross_objects)/%.o,$(cross_others) $(cross_ours) $(cross_messages) gen/embedded_modules)
	@mkdir -p $(@D) && echo '  LINK  $@'
	@$(cross_run) $(cross_link)
-include $(cross_ours:%=$(cross_objects)/%.d)
$(cross_ours:%=$(cross_objects)/%.d): ;

# Their licences ask to be handed on with the binary.
dist/$(CROSS_TARGET)/LICENSES: LICENSE
	@mkdir -p $(@D)
	@set -e; exec >$@.new; echo 'tcpstats'; cat LICENSE; \
	echo; echo 'Lua'; sed -n '/^\* Copyright/,/^\*\*\*/{s/^\* \{0,1\}//;/^\*/!p;}' '$(SRC)/lua/src/lua.h'; \
	for part in protobuf-c zstd argparse luasocket; do echo; echo "$$part"; cat '$(SRC)'/$$part/LICENSE; done; \
	case $(cross_system) in linux) echo; echo 'musl'; cat "$$($(cross_zig_lib))/libc/musl/COPYRIGHT";; esac; mv $@.new $@

endif
endif
