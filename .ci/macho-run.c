/* Runs an x86_64 Mach-O program on x86_64 Linux, as far as tcpstats-lua needs that to decode a dump: so cross-check sees that what was linked
 * for a Mac starts, finds what is inside it and computes. Both systems call functions alike (System V), so most of libSystem can be played by
 * the C library of this machine; where types or numbers differ there is a replacement below. There is no kernel of a Mac: sysctl says ENOENT.
 *   cc -o macho-run macho-run.c -Wl,--no-as-needed -lm && ./macho-run PROGRAM [ARGUMENT...]
 * It trusts the file. Numbers are those of mach-o/loader.h. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* ---- What a Mac's C library has and this one lacks, or does otherwise. */

static uintptr_t stack_guard = 0x5bd1e995a7c3f10d;

/* The part of <runetype.h>'s _RuneLocale that the macros of <ctype.h> look into. */
static struct __attribute__((packed)) {
    char head[60];
    uint32_t type[256];
    int32_t lower[256], upper[256];
    char tail[4096];
} rune_locale;

static void fill_rune_locale(void) {
    for (int c = 0; c < 256; c++) {
        rune_locale.lower[c] = rune_locale.upper[c] = c;
        if (c > 127) continue;
        rune_locale.lower[c] = tolower(c);
        rune_locale.upper[c] = toupper(c);
        rune_locale.type[c] = (isalpha(c) ? 0x100 : 0) | (iscntrl(c) ? 0x200 : 0) | (isdigit(c) ? 0x400 : 0) | (isgraph(c) ? 0x800 : 0) |
                              (islower(c) ? 0x1000 : 0) | (ispunct(c) ? 0x2000 : 0) | (isspace(c) ? 0x4000 : 0) | (isupper(c) ? 0x8000 : 0) |
                              (isxdigit(c) ? 0x10000 : 0) | (isblank(c) ? 0x20000 : 0) | (isprint(c) ? 0x40000 : 0);
    }
}

static int *mac_error(void) { return &errno; }
static int mac_maskrune(int c, unsigned long mask) { return c >= 0 && c < 128 ? (int)(rune_locale.type[c] & mask) : 0; }
static int mac_check_fd_set(int fd, const void *set, int unlimited) {
    (void)set, (void)unlimited;
    return fd >= 0 && fd < 1024;
}
static void mac_pattern16(void *to, const void *pattern, size_t len) {
    for (size_t i = 0; i < len; i++) ((char *)to)[i] = ((const char *)pattern)[i % 16];
}
/* 0 is the time of day on both; 12 is the process's; the others never step. */
static int mac_clock_gettime(int id, struct timespec *time) {
    return clock_gettime(id == 0 ? CLOCK_REALTIME : id == 12 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, time);
}
static int mac_open(const char *path, int flags, ...) {
    static const struct {
        int mac, here;
    } same[] = {{0x4, O_NONBLOCK}, {0x8, O_APPEND}, {0x200, O_CREAT}, {0x400, O_TRUNC}, {0x800, O_EXCL}, {0x1000000, O_CLOEXEC}};
    int here = flags & O_ACCMODE;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (flags & same[i].mac) here |= same[i].here;
    va_list arguments;
    va_start(arguments, flags);
    int mode = here & O_CREAT ? va_arg(arguments, int) : 0;
    va_end(arguments);
    return open(path, here, mode);
}
static void *mac_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset) {
    return mmap(at, len, protection, (flags & 3) | (flags & 0x1000 ? MAP_ANONYMOUS : 0), fd, offset);
}
static int nothing(void) { return 0; }
static int no_kernel(void) {
    errno = ENOENT;
    return -1;
}

/* A Mac's jmp_buf has room for 148 bytes, too little for setjmp of here. */
int mac_setjmp(void *buffer);
void mac_longjmp(void *buffer, int value);
__asm__("mac_setjmp:  mov %rbx, (%rdi); mov %rbp, 8(%rdi); mov %r12, 16(%rdi); mov %r13, 24(%rdi); mov %r14, 32(%rdi); mov %r15, 40(%rdi)\n"
        "             lea 8(%rsp), %rdx; mov %rdx, 48(%rdi); mov (%rsp), %rdx; mov %rdx, 56(%rdi); xor %eax, %eax; ret\n"
        "mac_longjmp: mov %esi, %eax; test %eax, %eax; jnz 1f; inc %eax\n"
        "1:           mov (%rdi), %rbx; mov 8(%rdi), %rbp; mov 16(%rdi), %r12; mov 24(%rdi), %r13; mov 32(%rdi), %r14; mov 40(%rdi), %r15\n"
        "             mov 48(%rdi), %rsp; jmp *56(%rdi)\n");

/* A thread-local variable is reached by calling its descriptor's first word, which keeps every register but rax. There is one thread. */
static char *thread_block;
void *thread_variable(const uint64_t *descriptor);
void *thread_variable(const uint64_t *descriptor) { return thread_block + descriptor[2]; }
void mac_thread_variable(void);
__asm__("mac_thread_variable: push %rcx; push %rdx; push %rsi; push %rdi; push %r8; push %r9; push %r10; push %r11; sub $8, %rsp\n"
        "             call thread_variable\n"
        "             add $8, %rsp; pop %r11; pop %r10; pop %r9; pop %r8; pop %rdi; pop %rsi; pop %rdx; pop %rcx; ret\n");

static const struct {
    const char *name;
    void *here;
} replacements[] = {
    {"___error", mac_error},
    {"___stack_chk_guard", &stack_guard},
    {"__DefaultRuneLocale", &rune_locale},
    {"___maskrune", mac_maskrune},
    {"___tolower", tolower},
    {"___toupper", toupper},
    {"___bzero", bzero},
    {"___stdinp", &stdin},
    {"___stdoutp", &stdout},
    {"___stderrp", &stderr},
    {"_memset_pattern16", mac_pattern16},
    {"___darwin_check_fd_set_overflow", mac_check_fd_set},
    {"_clock_gettime", mac_clock_gettime},
    {"_open", mac_open},
    {"_mmap", mac_mmap},
    {"_setjmp", mac_setjmp},
    {"__setjmp", mac_setjmp},
    {"_longjmp", mac_longjmp},
    {"__longjmp", mac_longjmp},
    {"__tlv_bootstrap", mac_thread_variable},
    {"_sigaction", nothing},
    {"_sigprocmask", nothing},
    {"_setlocale", nothing},
    {"_sysctl", no_kernel},
    {"_sysctlbyname", no_kernel},
};

static void unknown(void) {
    fputs("macho-run: a function was called that is not there\n", stderr);
    abort();
}

/* What a symbol of libSystem is here. "_name$VARIANT" is played by "name"; what nothing plays ends the program when it is called. */
static void *resolve(const char *symbol) {
    for (size_t i = 0; i < sizeof replacements / sizeof *replacements; i++)
        if (strcmp(symbol, replacements[i].name) == 0) return replacements[i].here;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(symbol + 1, "$"), symbol + 1);
    void *here = dlsym(RTLD_DEFAULT, name);
    return here ? here : unknown;
}

/* ---- The loader. */

static uint8_t *image;                   /* the program in memory, from its first segment on */
static uint64_t linked_at = 0x100000000; /* where it was linked to lie */
static uint64_t segments[16];            /* where each segment was linked to lie */

static void *at(uint64_t address) { return image + (address - linked_at); }

static uint64_t load(const void *from, size_t len) {
    uint64_t value = 0;
    memcpy(&value, from, len);
    return value;
}

static void store(uint64_t address, uint64_t value) { memcpy(at(address), &value, sizeof value); }

static uint64_t uleb(const uint8_t **p) {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        uint8_t byte = *(*p)++;
        value |= (uint64_t)(byte & 127) << shift;
        if (!(byte & 128)) return value;
    }
}

/* REBASE_OPCODE_*: addresses that move along with the program. */
static void rebase(const uint8_t *p, const uint8_t *end) {
    uint64_t where = 0, slide = (uint64_t)(uintptr_t)image - linked_at;
    while (p < end) {
        unsigned code = *p & 0xf0, low = *p & 15;
        uint64_t count = 0, skip = 0;
        p++;
        switch (code) {
        case 0x00: return;
        case 0x10: break;
        case 0x20: where = segments[low] + uleb(&p); break;
        case 0x30: where += uleb(&p); break;
        case 0x40: where += low * 8; break;
        case 0x50: count = low; break;
        case 0x60: count = uleb(&p); break;
        case 0x70:
            count = 1;
            skip = uleb(&p);
            break;
        case 0x80:
            count = uleb(&p);
            skip = uleb(&p);
            break;
        default: unknown();
        }
        for (; count > 0; count--, where += 8 + skip) store(where, load(at(where), 8) + slide);
    }
}

/* BIND_OPCODE_*: addresses of what is outside. Lazy ones are bound at once. */
static void bind_symbols(const uint8_t *p, const uint8_t *end) {
    uint64_t where = 0, addend = 0;
    const char *symbol = "";
    while (p < end) {
        unsigned code = *p & 0xf0, low = *p & 15;
        uint64_t count = 0, skip = 0;
        p++;
        switch (code) {
        case 0x20: uleb(&p); break;
        case 0x40:
            symbol = (const char *)p;
            p += strlen(symbol) + 1;
            break;
        case 0x60: addend = uleb(&p); break;
        case 0x70: where = segments[low] + uleb(&p); break;
        case 0x80: where += uleb(&p); break;
        case 0x90: count = 1; break;
        case 0xa0:
            count = 1;
            skip = uleb(&p);
            break;
        case 0xb0:
            count = 1;
            skip = low * 8;
            break;
        case 0xc0:
            count = uleb(&p);
            skip = uleb(&p);
            break;
        default: break; /* the end of a lazy symbol, a library's number, a type */
        }
        for (; count > 0; count--, where += 8 + skip) store(where, (uint64_t)(uintptr_t)resolve(symbol) + addend);
    }
}

/* LC_SEGMENT_64: copies what the file has, and finds the initial values of thread-local variables. */
static void load_segment(const uint8_t *file, const uint8_t *command) {
    static size_t count;
    uint64_t address = load(command + 24, 8);
    segments[count++] = address;
    if (address < linked_at) return; /* __PAGEZERO */
    memcpy(at(address), file + load(command + 40, 8), load(command + 48, 8));
    const uint8_t *section = command + 72;
    for (uint64_t n = load(command + 64, 4); n > 0; n--, section += 80)
        if (load(section + 64, 1) == 0x11) memcpy(thread_block, at(load(section + 32, 8)), load(section + 40, 8)); /* S_THREAD_LOCAL_REGULAR */
}

int main(int argc, char **argv, char **environment) {
    int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
    off_t len = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    const uint8_t *file = len > 32 ? mmap(NULL, (size_t)len, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    image = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    thread_block = calloc(1, 1 << 16);
    if (file == MAP_FAILED || image == MAP_FAILED || !thread_block || load(file, 8) != 0x01000007feedfacf) {
        fprintf(stderr, "usage: %s PROGRAM [ARGUMENT...], PROGRAM being an x86_64 Mach-O file\n", argv[0]);
        return 2;
    }
    fill_rune_locale();

    const uint8_t *command = file + 32, *fixups = NULL;
    uint64_t entry = 0;
    for (uint64_t n = load(file + 16, 4); n > 0; n--, command += load(command + 4, 4)) switch (load(command, 4)) {
        case 0x19: load_segment(file, command); break;
        case 0x80000022: fixups = command; break;             /* LC_DYLD_INFO_ONLY */
        case 0x80000028: entry = load(command + 8, 8); break; /* LC_MAIN */
        }
    if (!fixups || !entry) unknown();
    const uint8_t *rebases = file + load(fixups + 8, 4), *binds = file + load(fixups + 16, 4), *lazy = file + load(fixups + 32, 4);
    rebase(rebases, rebases + load(fixups + 12, 4));
    bind_symbols(binds, binds + load(fixups + 20, 4));
    bind_symbols(lazy, lazy + load(fixups + 36, 4));

    int (*program)(int, char **, char **) = (int (*)(int, char **, char **))(uintptr_t)(image + entry);
    exit(program(argc - 1, argv + 1, environment));
}
