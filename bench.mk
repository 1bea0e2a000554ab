# Measures what tcpstats costs, and checks that it does not cost more than before; included by the Makefile. doc/performance.md explains the figures.
BENCH := $(BUILD)/bench
BENCH_C := floor took sockets stages filter tracker
CXX ?= c++

bench: deps-bench ## what a pass costs on up to 100,000 sockets, beside ss and the kernel's own cost: some two minutes
	@$(MAKE) --no-print-directory -s all $(BENCH_C:%=$(BENCH)/%) $(BENCH)/encoders
	@$(BENCH_ENV) $(LUA) bench/run.lua
	@echo; $(BENCH)/stages; echo; $(BENCH_ENV) $(BENCH)/encoders; echo; $(BENCH)/filter; echo; $(BENCH)/tracker; echo
	@$(BENCH)/stages dump $(BENCH)/linux.bin && $(BENCH_ENV) $(LUA) bench/fields.lua linux:$(BENCH)/linux.bin

bench-check: deps-bench ## instructions a socket against bench/accepted.txt: half a minute
	@$(MAKE) --no-print-directory -s all $(BENCH)/stages
	@$(BENCH_ENV) $(LUA) bench/check.lua

bench-accept: deps-bench ## write what bench-check finds into bench/accepted.txt
	@$(MAKE) --no-print-directory -s all $(BENCH)/stages
	@$(BENCH_ENV) $(LUA) bench/check.lua accept

BENCH_ENV = BUILD='$(BUILD)' LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='$(BUILD)/lib/?.so;;'

$(BENCH)/floor $(BENCH)/took $(BENCH)/sockets: $(BENCH)/%: bench/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE $(CFLAGS) $(WARN) -o $@ $< $(LDFLAGS)

$(BENCH)/stages: bench/input.c bench/input.h
$(BENCH)/stages $(BENCH)/filter $(BENCH)/tracker: $(BENCH)/%: bench/%.c $(CORE_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD -MP -o $@ $(filter %.c %.o,$^) $(LDFLAGS) $(CORE_LIBS)

$(BENCH)/ours.o $(BENCH)/input.o: $(BENCH)/%.o: bench/%.c $(BUILD)/flags | $(GEN)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD -MP -c -o $@ $<

$(BENCH)/encoders: bench/encoders.cc $(BENCH)/ours.o $(BENCH)/input.o $(CORE_OBJ) proto/tcp_stats.proto
	@mkdir -p $(BENCH)/cpp
	protoc --cpp_out=$(BENCH)/cpp --proto_path=proto proto/tcp_stats.proto
	$(CXX) $(OPTIMIZE) -std=c++17 -Ibench -I$(BENCH)/cpp $(LUA_CFLAGS) -o $@ $(filter %.cc %.o,$^) $(BENCH)/cpp/tcp_stats.pb.cc \
	    $$($(PKG_CONFIG) --cflags --libs protobuf) $(LDFLAGS) $(LUA_LIBS) $(CORE_LIBS)

.PHONY: bench bench-check bench-accept
