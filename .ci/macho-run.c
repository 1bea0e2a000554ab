/* Runs a Mac's tcpstats-lua on Linux, as far as decoding a dump needs it: so cross-check sees that what was linked for a Mac starts, finds what
 * is inside it and computes. Functions are called alike on both systems, but for a variable number of arguments on ARM; so the C library of
 * here plays most of libSystem, and where types or numbers differ there is a replacement below. There is no kernel of a Mac: sysctl says
 * ENOENT. It is compiled for the processor of the program that it runs:
 *   macho-run PROGRAM [ARGUMENT...]
 * It trusts the file. Numbers are those of mach-o/loader.h. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
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
static int nothing(void) { return 0; }
static void *mac_memcpy_chk(void *to, const void *from, size_t len, size_t room) {
    (void)room;
    return memcpy(to, from, len);
}
static char *mac_strcpy_chk(char *to, const char *from, size_t room) {
    (void)room;
    return strcpy(to, from);
}
static void mac_pattern16(void *to, const void *pattern, size_t len) {
    for (size_t i = 0; i < len; i++) ((char *)to)[i] = ((const char *)pattern)[i % 16];
}
/* 0 is the time of day on both; 12 is the process's; the others never step. */
static int mac_clock_gettime(int id, struct timespec *time) {
    return clock_gettime(id == 0 ? CLOCK_REALTIME : id == 12 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, time);
}
static uint64_t mac_clock_gettime_nsec(int id) {
    struct timespec time = {0, 0};
    mac_clock_gettime(id, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}
/* st_mode and st_size of a Mac's struct stat, which has 144 bytes. */
static int mac_fstat(int fd, char *to) {
    struct stat here;
    if (fstat(fd, &here) != 0) return -1;
    memset(to, 0, 144);
    memcpy(to + 4, &(uint16_t){(uint16_t)here.st_mode}, 2);
    memcpy(to + 96, &(int64_t){here.st_size}, 8);
    return 0;
}
static void *mac_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset) {
    return mmap(at, len, protection, (flags & 3) | (flags & 0x1000 ? MAP_ANONYMOUS : 0), fd, offset);
}
/* What is read only: a file that is created would need its mode from the variable arguments. */
static int mac_open(const char *path, int flags) {
    if (flags & ~(0x4 | 0x1000000)) return errno = EROFS, -1; /* O_NONBLOCK, O_CLOEXEC */
    return open(path, O_RDONLY | O_CLOEXEC);
}
/* What waits in a pipe (sys/filio.h); no other request is made of what is no terminal. */
static int mac_ioctl(int fd, unsigned long request, int *count) {
    enum { MAC_FIONREAD = 0x4004667f };
    return request == MAC_FIONREAD ? ioctl(fd, FIONREAD, count) : (errno = ENOTTY, -1);
}
static int no_kernel(void) { return errno = ENOENT, -1; }

int mac_setjmp(void *buffer); /* in a Mac's jmp_buf, which is smaller than that of here */
void mac_longjmp(void *buffer, int value);

#ifdef __x86_64__
#define CPU 0x01000007
__asm__("mac_setjmp:  mov %rbx, (%rdi); mov %rbp, 8(%rdi); mov %r12, 16(%rdi); mov %r13, 24(%rdi); mov %r14, 32(%rdi); mov %r15, 40(%rdi)\n"
        "             lea 8(%rsp), %rdx; mov %rdx, 48(%rdi); mov (%rsp), %rdx; mov %rdx, 56(%rdi); xor %eax, %eax; ret\n"
        "mac_longjmp: mov %esi, %eax; test %eax, %eax; jnz 1f; inc %eax\n"
        "1:           mov (%rdi), %rbx; mov 8(%rdi), %rbp; mov 16(%rdi), %r12; mov 24(%rdi), %r13; mov 32(%rdi), %r14; mov 40(%rdi), %r15\n"
        "             mov 48(%rdi), %rsp; jmp *56(%rdi)\n");

static int mac_sprintf_chk(char *to, int flags, size_t room, const char *format, ...) {
    (void)flags;
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(to, room, format, arguments);
    va_end(arguments);
    return len;
}
#define mac_snprintf snprintf
#define mac_sprintf sprintf
#define mac_fprintf fprintf
#define mac_vsnprintf vsnprintf
#define mac_vfprintf vfprintf

#elif defined __aarch64__
#define CPU 0x0100000c
__asm__("mac_setjmp:  mov x2, sp; stp x19, x20, [x0]; stp x21, x22, [x0, 16]; stp x23, x24, [x0, 32]; stp x25, x26, [x0, 48]\n"
        "             stp x27, x28, [x0, 64]; stp x29, x30, [x0, 80]; stp d8, d9, [x0, 96]; stp d10, d11, [x0, 112]\n"
        "             stp d12, d13, [x0, 128]; stp d14, d15, [x0, 144]; str x2, [x0, 160]; mov w0, 0; ret\n"
        "mac_longjmp: ldp x19, x20, [x0]; ldp x21, x22, [x0, 16]; ldp x23, x24, [x0, 32]; ldp x25, x26, [x0, 48]\n"
        "             ldp x27, x28, [x0, 64]; ldp x29, x30, [x0, 80]; ldp d8, d9, [x0, 96]; ldp d10, d11, [x0, 112]\n"
        "             ldp d12, d13, [x0, 128]; ldp d14, d15, [x0, 144]; ldr x2, [x0, 160]; mov sp, x2\n"
        "             cmp w1, 0; csinc w0, w1, wzr, ne; ret\n"
        /* A Mac passes variable arguments on the stack, wherever there were registers left, and its va_list points to them. */
        "mac_snprintf:    mov x3, sp; b mac_vsnprintf\n"
        "mac_sprintf:     mov x3, sp; mov x2, x1; mov x1, 0x7fffffff; b mac_vsnprintf\n"
        "mac_sprintf_chk: mov x1, x2; mov x2, x3; mov x3, sp; b mac_vsnprintf\n"
        "mac_fprintf:     mov x2, sp; b mac_vfprintf\n");
int mac_snprintf(void), mac_sprintf(void), mac_sprintf_chk(void), mac_fprintf(void);

static void arguments_at(va_list *arguments, void *stack) {
    memset(arguments, 0, sizeof *arguments); /* no registers are left to look into */
    memcpy(arguments, &stack, sizeof stack);
}
int mac_vsnprintf(char *to, size_t room, const char *format, void *stack);
int mac_vsnprintf(char *to, size_t room, const char *format, void *stack) {
    va_list arguments;
    arguments_at(&arguments, stack);
    return vsnprintf(to, room, format, arguments);
}
int mac_vfprintf(FILE *to, const char *format, void *stack);
int mac_vfprintf(FILE *to, const char *format, void *stack) {
    va_list arguments;
    arguments_at(&arguments, stack);
    return vfprintf(to, format, arguments);
}
#endif

/* A Mac's AF_INET6 is 30. */
static const char *mac_inet_ntop(int family, const void *address, char *text, socklen_t room) {
    return inet_ntop(family == 30 ? AF_INET6 : family, address, text, room);
}

/* By a Mac's names, in C. */
#define SAME(name)                                                                                                                                   \
    { #name, (void *)(uintptr_t)name }
static const struct {
    const char *name;
    void *here;
} functions[] = {
    {"__error", mac_error},
    {"__stack_chk_guard", &stack_guard},
    {"_DefaultRuneLocale", &rune_locale},
    {"__maskrune", mac_maskrune},
    {"__tolower", tolower},
    {"__toupper", toupper},
    {"__bzero", bzero},
    {"__memcpy_chk", mac_memcpy_chk},
    {"__strcpy_chk", mac_strcpy_chk},
    {"__sprintf_chk", mac_sprintf_chk},
    {"__stdinp", (void *)&stdin},
    {"__stdoutp", (void *)&stdout},
    {"__stderrp", (void *)&stderr},
    {"_setjmp", mac_setjmp},
    {"_longjmp", mac_longjmp},
    {"memset_pattern16", mac_pattern16},
    {"clock_gettime", mac_clock_gettime},
    {"clock_gettime_nsec_np", mac_clock_gettime_nsec},
    {"fstat", mac_fstat},
    {"ioctl", mac_ioctl},
    {"mmap", mac_mmap},
    {"open", mac_open},
    {"snprintf", mac_snprintf},
    {"sprintf", mac_sprintf},
    {"fprintf", mac_fprintf},
    {"vsnprintf", mac_vsnprintf},
    {"vfprintf", mac_vfprintf},
    {"fcntl", nothing},
    {"inet_ntop", mac_inet_ntop},
    {"pselect", nothing},
    {"setitimer", nothing},
    {"setlocale", nothing},
    {"sigaction", nothing},
    {"signal", nothing},
    {"sigprocmask", nothing},
    {"sysctl", no_kernel},
    {"sysctlbyname", no_kernel},
    SAME(_exit),
    SAME(abort),
    SAME(bzero),
    SAME(calloc),
    SAME(ceil),
    SAME(clock), /* a millionth of a second there as well */
    SAME(close),
    SAME(exit),
    SAME(exp),
    SAME(fclose),
    SAME(ferror),
    SAME(fflush),
    SAME(floor),
    SAME(fmod),
    SAME(fopen),
    SAME(fputc),
    SAME(fputs),
    SAME(fread),
    SAME(free),
    SAME(frexp),
    SAME(fwrite),
    SAME(getentropy),
    SAME(getenv),
    SAME(geteuid),
    SAME(gethostname),
    SAME(gmtime_r),
    SAME(isatty),
    SAME(ldexp),
    SAME(localeconv),
    SAME(localtime_r),
    SAME(log),
    SAME(log10),
    SAME(log2),
    SAME(malloc),
    SAME(memchr),
    SAME(memcmp),
    SAME(memcpy),
    SAME(memmove),
    SAME(memset),
    SAME(munmap),
    SAME(poll),
    SAME(pow),
    SAME(qsort),
    SAME(raise),
    SAME(read),
    SAME(realloc),
    SAME(setvbuf),
    SAME(strchr),
    SAME(strcmp),
    SAME(strcoll),
    SAME(strcspn),
    SAME(strdup),
    SAME(strerror),
    SAME(strftime),
    SAME(strlen),
    SAME(strncasecmp),
    SAME(strncmp),
    SAME(strndup),
    SAME(strnlen),
    SAME(strpbrk),
    SAME(strspn),
    SAME(strstr),
    SAME(strtod),
    SAME(strtol),
    SAME(strtoul),
    SAME(time),
    SAME(write),
};

static void unknown(void) {
    fputs("macho-run: something is needed that is not there (MACHO_RUN=1 in the environment names what is not)\n", stderr);
    abort();
}

/* What a symbol of libSystem is here. "_name$VARIANT" is C's name. What nothing plays ends the program when it is called. */
static void *resolve(const char *symbol) {
    size_t len = strcspn(symbol + 1, "$");
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strncmp(symbol + 1, functions[i].name, len) == 0 && functions[i].name[len] == '\0') return functions[i].here;
    if (getenv("MACHO_RUN")) fprintf(stderr, "macho-run: no %s\n", symbol);
    return unknown;
}

/* ---- The loader. */

#define IMAGE_ROOM (64 << 20)
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

/* LC_SEGMENT_64: copies what the file has. */
static void load_segment(const uint8_t *file, const uint8_t *command) {
    static size_t count;
    uint64_t address = load(command + 24, 8);
    segments[count++] = address;
    if (address >= linked_at) memcpy(at(address), file + load(command + 40, 8), load(command + 48, 8)); /* not __PAGEZERO */
}

int main(int argc, char **argv, char **environment) {
    int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
    off_t len = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    const uint8_t *file = len > 32 ? mmap(NULL, (size_t)len, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    image = mmap(NULL, IMAGE_ROOM, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (file == MAP_FAILED || image == MAP_FAILED || load(file, 8) != ((uint64_t)CPU << 32 | 0xfeedfacf)) {
        fprintf(stderr, "usage: %s PROGRAM [ARGUMENT...], PROGRAM being a Mach-O file for this processor\n", argv[0]);
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

    __builtin___clear_cache((char *)image, (char *)image + IMAGE_ROOM);
    int (*program)(int, char **, char **) = (int (*)(int, char **, char **))(uintptr_t)(image + entry);
    exit(program(argc - 1, argv + 1, environment));
}
