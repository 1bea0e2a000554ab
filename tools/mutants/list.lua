-- Faults that the specs must find: make mutants puts one after the other into a copy of the tree, builds it and runs the specs that are named.
-- A mutant: what it is, the file, the text that is there (once), what takes its place, and the specs of which one has to fail.
return {
  {
    "a connection that is opened again goes on inside a row", "lua/tcpstats/output/piece.lua", "  self.sent = self.done_end\n  return torn", "  return torn",
    "spec/output",
  },
  {
    "32-bit counters wrap at another value", "csrc/delta/changes.h", "(uint32_t)now >= (uint32_t)then || change[n] <= INT32_MAX",
    "(uint32_t)now >= (uint32_t)then || change[n] <= INT32_MAX / 2", "spec/delta",
  },
  { "received_ce_bytes lies elsewhere", "csrc/abi/linux.h", "TCPI_RECEIVED_CE_BYTES = 272", "TCPI_RECEIVED_CE_BYTES = 276", "spec/parse" },
  { "skmem_backlog lies elsewhere", "csrc/abi/linux.h", "SKMEM_BACKLOG = 28", "SKMEM_BACKLOG = 24", "spec/parse" },
  {
    "the tracker's index steps over a slot", "csrc/delta/index.c", "while (slots[i].position) i = (i + 1) & (t->slot_count - 1);",
    "if (slots[i].position) i = (i + 1) & (t->slot_count - 1);", "spec/delta",
  },
  {
    "the tracker's index forgets when it grows", "csrc/delta/index.c", "        slots[i] = old[n];\n", "        if (n & 1) slots[i] = old[n];\n", "spec/delta",
  },
  {
    "a table finds only the first slot of a key", "csrc/base/table.c", "t->slots[i].index_plus_1; i = (i + 1) & t->mask) {\n        if (t->slots[i].key != key) continue;",
    "t->slots[i].index_plus_1; i = (i + 1) & t->mask) {\n        if (t->slots[i].key != key) break;", "spec/source spec/base",
  },
  { "a coroutine that is resumed has no watchdog", "csrc/runtime/watchdog.c", "if (tcps_watch.expired) lua_sethook(L, interrupt, LUA_MASKCOUNT, 1);", "(void)interrupt;",
    "spec/runtime/watchdog_spec.lua" },
  { "a capture may be cut inside a length", "csrc/kernel/capture.c", "if (got == 0 && shift) errno = 0, got = -1;", "", "spec/kernel" },
  { "a dump of a Mac needs no header", "csrc/parse/xnu_pcblist.c", "    if (len < 2 * XIG_SIZE) return false;\n", "", "spec/parse spec/source" },
  { "a dump of a FreeBSD needs no header", "csrc/parse/freebsd_pcblist.c", "len < 2 * XIG_SIZE || ", "", "spec/parse spec/source" },
}
