/* Declarations of what tcpstats uses of FreeBSD's C library and kernel, for machines that have no FreeBSD headers: .ci/freebsd-check compiles the
 * sources for FreeBSD against these alone, so that nothing that only Linux has can creep in. A real build never reads this file.
 * From the FreeBSD manual pages and POSIX; constants have FreeBSD 14's values on amd64. Add here what the check misses and FreeBSD has. */
#ifndef TCPS_FREEBSD_SYSTEM_H
#define TCPS_FREEBSD_SYSTEM_H

#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* --- sys/types.h, sys/cdefs.h */
typedef int64_t ssize_t, off_t, time_t;
typedef uint64_t ino_t, dev_t;
typedef uint32_t uid_t, gid_t;
typedef uint64_t nlink_t;
typedef int32_t pid_t;
typedef int clockid_t;
typedef long suseconds_t;
typedef unsigned int socklen_t;
typedef unsigned short mode_t;

/* --- assert.h, errno.h */
#define assert(e) ((void)(e))
int *__error(void);
#define errno (*__error())
enum {
    EPERM = 1,
    ENOENT = 2,
    ESRCH = 3,
    EINTR = 4,
    EIO = 5,
    ENXIO = 6,
    E2BIG = 7,
    ENOEXEC = 8,
    EBADF = 9,
    ECHILD = 10,
    EDEADLK = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    EBUSY = 16,
    EEXIST = 17,
    EXDEV = 18,
    ENODEV = 19,
    ENOTDIR = 20,
    EISDIR = 21,
    EINVAL = 22,
    ENFILE = 23,
    EMFILE = 24,
    ENOTTY = 25,
    EFBIG = 27,
    ENOSPC = 28,
    ESPIPE = 29,
    EROFS = 30,
    EMLINK = 31,
    EPIPE = 32,
    EDOM = 33,
    ERANGE = 34,
    EAGAIN = 35,
    EWOULDBLOCK = 35,
    EINPROGRESS = 36,
    EALREADY = 37,
    ENOTSOCK = 38,
    EDESTADDRREQ = 39,
    EMSGSIZE = 40,
    EPROTOTYPE = 41,
    ENOPROTOOPT = 42,
    EPROTONOSUPPORT = 43,
    EOPNOTSUPP = 45,
    ENOTSUP = 45,
    EPFNOSUPPORT = 46,
    EAFNOSUPPORT = 47,
    EADDRINUSE = 48,
    EADDRNOTAVAIL = 49,
    ENETDOWN = 50,
    ENETUNREACH = 51,
    ENETRESET = 52,
    ECONNABORTED = 53,
    ECONNRESET = 54,
    ENOBUFS = 55,
    EISCONN = 56,
    ENOTCONN = 57,
    ETIMEDOUT = 60,
    ECONNREFUSED = 61,
    ELOOP = 62,
    ENAMETOOLONG = 63,
    EHOSTUNREACH = 65,
    ENOTEMPTY = 66,
    EDQUOT = 69,
    ESTALE = 70,
    ENOLCK = 77,
    ENOSYS = 78,
    EIDRM = 82,
    ENOMSG = 83,
    EOVERFLOW = 84,
    ECANCELED = 85,
    EILSEQ = 86,
    EBADMSG = 89,
    EPROTO = 92
};

/* --- limits.h, ctype.h, inttypes.h, math.h */
#define PATH_MAX 1024
int isalnum(int), isalpha(int), isdigit(int), isprint(int), isspace(int), isupper(int), isxdigit(int), tolower(int), toupper(int);
#define PRIu64 "lu"
#define PRIx64 "lx"
#define PRId64 "ld"
long long llrint(double);
double fabs(double), floor(double), ceil(double), ldexp(double, int), pow(double, double), sqrt(double), log(double), exp(double);
double fmin(double, double), fmax(double, double), fmod(double, double), round(double), trunc(double);
long lround(double);
#define isfinite(x) __builtin_isfinite(x)
#define isnan(x) __builtin_isnan(x)
#define NAN __builtin_nanf("")
#define isinf(x) __builtin_isinf(x)

/* --- stdio.h, stdlib.h, string.h, strings.h */
typedef struct FILE FILE;
extern FILE *__stdinp, *__stdoutp, *__stderrp;
#define stdin __stdinp
#define stdout __stdoutp
#define stderr __stderrp
#define EOF (-1)
#define BUFSIZ 1024
#define SEEK_SET 0
#define SEEK_END 2
int fprintf(FILE *, const char *, ...) __attribute__((format(printf, 2, 3)));
int printf(const char *, ...) __attribute__((format(printf, 1, 2)));
int sprintf(char *, const char *, ...) __attribute__((format(printf, 2, 3)));
int sscanf(const char *, const char *, ...) __attribute__((format(scanf, 2, 3)));
int snprintf(char *, size_t, const char *, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *, size_t, const char *, va_list) __attribute__((format(printf, 3, 0)));
int fclose(FILE *), fflush(FILE *), fputs(const char *, FILE *), fseek(FILE *, long, int), ferror(FILE *), getc(FILE *), ungetc(int, FILE *);
FILE *fopen(const char *, const char *), *fdopen(int, const char *);
int rename(const char *, const char *);
struct iovec {
    void *iov_base;
    size_t iov_len;
};
ssize_t writev(int, const struct iovec *, int);
char *fgets(char *, int, FILE *);
size_t fread(void *, size_t, size_t, FILE *), fwrite(const void *, size_t, size_t, FILE *);

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1
void *malloc(size_t), *calloc(size_t, size_t), *realloc(void *, size_t);
void free(void *);
_Noreturn void abort(void), exit(int);
void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
void *bsearch(const void *, const void *, size_t, size_t, int (*)(const void *, const void *));
long strtol(const char *, char **, int);
unsigned long strtoul(const char *, char **, int);
long long strtoll(const char *, char **, int);
unsigned long long strtoull(const char *, char **, int);
double strtod(const char *, char **);
char *getenv(const char *);
uint32_t arc4random(void);
void arc4random_buf(void *, size_t);

int memcmp(const void *, const void *, size_t), strcmp(const char *, const char *), strncmp(const char *, const char *, size_t);
int strcasecmp(const char *, const char *), strncasecmp(const char *, const char *, size_t), strcoll(const char *, const char *);
void *memchr(const void *, int, size_t), *memcpy(void *, const void *, size_t), *memmove(void *, const void *, size_t), *memset(void *, int, size_t);
void *memmem(const void *, size_t, const void *, size_t), *memrchr(const void *, int, size_t);
char *strchr(const char *, int), *strrchr(const char *, int), *strstr(const char *, const char *), *strpbrk(const char *, const char *);
char *strcpy(char *, const char *), *strdup(const char *), *strndup(const char *, size_t), *strerror(int);
int strerror_r(int, char *, size_t); /* POSIX's: glibc's gives a char * when _GNU_SOURCE is defined */
size_t strlen(const char *), strnlen(const char *, size_t), strspn(const char *, const char *), strcspn(const char *, const char *);

/* --- time.h, unistd.h, fcntl.h, dirent.h, sys/stat.h, sys/mman.h, sys/random.h, sys/utsname.h */
struct timespec {
    time_t tv_sec;
    long tv_nsec;
};
struct timeval {
    time_t tv_sec;
    long tv_usec;
};
#define RUSAGE_SELF 0
#define RUSAGE_THREAD 1
struct rusage {
    struct timeval ru_utime, ru_stime;
    long ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap, ru_inblock, ru_oublock, ru_msgsnd, ru_msgrcv, ru_nsignals;
    long ru_nvcsw, ru_nivcsw;
};
int getrusage(int, struct rusage *);
#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 4
int clock_gettime(clockid_t, struct timespec *), nanosleep(const struct timespec *, struct timespec *);
time_t time(time_t *);

#define STDIN_FILENO 0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2
#define R_OK 4
int close(int), dup2(int, int), pipe(int[2]), pipe2(int[2], int), access(const char *, int), unlink(const char *), isatty(int), fsync(int);
ssize_t read(int, void *, size_t), write(int, const void *, size_t), readlink(const char *, char *, size_t);
off_t lseek(int, off_t, int);
int ftruncate(int, off_t);
ssize_t pread(int, void *, size_t, off_t);
pid_t getpid(void);
uid_t geteuid(void), getuid(void);
long sysconf(int);
_Noreturn void _exit(int);
int getentropy(void *, size_t);

#define O_RDONLY 0x0000
#define O_WRONLY 0x0001
#define O_RDWR 0x0002
#define O_NONBLOCK 0x0004
#define O_APPEND 0x0008
#define O_CREAT 0x0200
#define O_TRUNC 0x0400
#define O_EXCL 0x0800
#define O_NOCTTY 0x8000
#define O_CLOEXEC 0x00100000
#define O_NOFOLLOW 0x0100
int fchown(int, uid_t, gid_t);
#define F_GETFD 1
#define F_SETFD 2
#define F_GETFL 3
#define F_SETFL 4
#define FD_CLOEXEC 1
int open(const char *, int, ...), fcntl(int, int, ...);

typedef struct DIR DIR;
struct dirent {
    ino_t d_fileno;
    unsigned char d_type;
    char d_name[256];
};
DIR *opendir(const char *);
struct dirent *readdir(DIR *);
int closedir(DIR *);

struct stat {
    dev_t st_dev;
    ino_t st_ino;
    nlink_t st_nlink;
    mode_t st_mode;
    uid_t st_uid;
    gid_t st_gid;
    off_t st_size;
};
int stat(const char *, struct stat *), fstat(int, struct stat *), lstat(const char *, struct stat *), fchmod(int, mode_t);
#define S_ISVTX 0001000
#define S_IWOTH 0000002
#define S_ISLNK(m) (((m)&0170000) == 0120000)
#define S_ISFIFO(m) (((m)&0170000) == 0010000)
#define S_ISSOCK(m) (((m)&0170000) == 0140000)
#define S_ISREG(m) (((m)&0170000) == 0100000)
#define S_ISDIR(m) (((m)&0170000) == 0040000)

#define PROT_READ 1
#define PROT_WRITE 2
#define MAP_PRIVATE 0x0002
#define MAP_ANON 0x1000
#define MAP_FAILED ((void *)-1)
void *mmap(void *, size_t, int, int, int, off_t);
int munmap(void *, size_t), madvise(void *, size_t, int);
ssize_t getrandom(void *, size_t, unsigned);

struct utsname {
    char sysname[256], nodename[256], release[256], version[256], machine[256];
};
int uname(struct utsname *);

/* --- signal.h, spawn.h, sys/wait.h, sys/select.h */
typedef struct sigset {
    uint32_t bits[4];
} sigset_t;
typedef int sig_atomic_t;
typedef struct siginfo siginfo_t;
struct sigaction {
    union {
        void (*sa_handler)(int);
        void (*sa_sigaction)(int, siginfo_t *, void *);
    };
    int sa_flags;
    sigset_t sa_mask;
};
#define SIG_IGN ((void (*)(int))1)
#define SIG_DFL ((void (*)(int))0)
#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGKILL 9
#define SIGPIPE 13
#define SIGXFSZ 25
#define SIGALRM 14
#define SIGPROF 27
#define SIGTERM 15
#define SIGCHLD 20
#define SIGWINCH 28
#define SIGUSR1 30
#define SIGUSR2 31
#define SA_RESTART 2
#define SA_RESETHAND 4
#define SIG_BLOCK 1
#define SIG_UNBLOCK 2
#define SIG_SETMASK 3
int sigaction(int, const struct sigaction *, struct sigaction *), sigprocmask(int, const sigset_t *, sigset_t *);
int pthread_sigmask(int, const sigset_t *, sigset_t *);

/* --- pthread.h */
typedef struct pthread *pthread_t;
typedef struct pthread_attr *pthread_attr_t;
typedef struct pthread_mutex *pthread_mutex_t;
typedef struct pthread_mutex_attr *pthread_mutexattr_t;
#define PTHREAD_CREATE_DETACHED 1
int pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *), pthread_attr_init(pthread_attr_t *);
int pthread_attr_setdetachstate(pthread_attr_t *, int), pthread_attr_destroy(pthread_attr_t *);
int pthread_mutex_init(pthread_mutex_t *, const pthread_mutexattr_t *), pthread_mutex_lock(pthread_mutex_t *);
int pthread_mutex_unlock(pthread_mutex_t *), pthread_mutex_destroy(pthread_mutex_t *);
int sigemptyset(sigset_t *), sigaddset(sigset_t *, int), sigfillset(sigset_t *), kill(pid_t, int), raise(int);
void (*signal(int, void (*)(int)))(int);

typedef struct posix_spawn_file_actions *posix_spawn_file_actions_t;
typedef struct posix_spawnattr *posix_spawnattr_t;
#define POSIX_SPAWN_SETPGROUP 0x02
#define POSIX_SPAWN_SETSIGDEF 0x10
#define POSIX_SPAWN_SETSIGMASK 0x20
int posix_spawn_file_actions_init(posix_spawn_file_actions_t *), posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *);
int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *, int, int), posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *, int);
int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *, int, const char *, int, mode_t);
int posix_spawnattr_init(posix_spawnattr_t *), posix_spawnattr_destroy(posix_spawnattr_t *), posix_spawnattr_setflags(posix_spawnattr_t *, short);
int posix_spawnattr_setpgroup(posix_spawnattr_t *, pid_t);
int posix_spawnattr_setsigdefault(posix_spawnattr_t *, const sigset_t *), posix_spawnattr_setsigmask(posix_spawnattr_t *, const sigset_t *);
int posix_spawn(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[], char *const[]);
int posix_spawnp(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[], char *const[]);

#define WNOHANG 1
pid_t waitpid(pid_t, int *, int);
#define X_OK 1
int access(const char *, int);
#define WIFEXITED(s) (((s)&0177) == 0)
#define WEXITSTATUS(s) ((s) >> 8)
#define WIFSIGNALED(s) (((s)&0177) != 0177 && ((s)&0177) != 0)
#define WTERMSIG(s) ((s)&0177)

typedef struct fd_set {
    unsigned long bits[16];
} fd_set;
#define FD_SETSIZE 1024
#define FD_ZERO(s) ((void)(*(s) = (fd_set){{0}}))
#define FD_SET(n, s) ((void)((s)->bits[(n) / 64] |= 1ul << (n) % 64))
#define FD_ISSET(n, s) (((s)->bits[(n) / 64] >> (n) % 64 & 1) != 0)
int pselect(int, fd_set *, fd_set *, fd_set *, const struct timespec *, const sigset_t *);
int select(int, fd_set *, fd_set *, fd_set *, struct timeval *);

/* --- poll.h, termios.h, sys/time.h */
struct pollfd {
    int fd;
    short events, revents;
};
#define POLLIN 0x0001
#define POLLOUT 0x0004
#define POLLERR 0x0008
#define POLLHUP 0x0010
#define POLLNVAL 0x0020
typedef unsigned int nfds_t;
int poll(struct pollfd *, nfds_t, int), ppoll(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);

typedef unsigned int tcflag_t;
struct termios {
    tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
    unsigned char c_cc[20];
    unsigned int c_ispeed, c_ospeed;
};
struct winsize {
    unsigned short ws_row, ws_col, ws_xpixel, ws_ypixel;
};
#define ICRNL 0x00000100
#define IXON 0x00000200
#define OPOST 0x00000001
#define ECHO 0x00000008
#define ISIG 0x00000080
#define ICANON 0x00000100
#define IEXTEN 0x00000400
#define VSUSP 10
#define VMIN 16
#define VTIME 17
#define _POSIX_VDISABLE 0xff
#define TCSANOW 0
#define TCSADRAIN 1
#define TCSAFLUSH 2
#define TIOCGWINSZ 0x40087468
int tcgetattr(int, struct termios *), tcsetattr(int, int, const struct termios *);

struct itimerval {
    struct timeval it_interval, it_value;
};
#define ITIMER_REAL 0
#define ITIMER_PROF 2
int setitimer(int, const struct itimerval *, struct itimerval *), gettimeofday(struct timeval *, void *);

/* --- sys/socket.h, netinet/in.h, netinet/tcp.h, arpa/inet.h, net/if.h */
#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 28
#define IPPROTO_TCP 6
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOL_SOCKET 0xffff
#define SO_ERROR 0x1007
#define TCP_INFO 32
#define TCP_CONGESTION 64
#define INET_ADDRSTRLEN 16
#define INET6_ADDRSTRLEN 46
#define IF_NAMESIZE 16
typedef uint8_t sa_family_t;
struct sockaddr {
    unsigned char sa_len, sa_family;
    char sa_data[14];
};
struct sockaddr_storage {
    unsigned char ss_len, ss_family;
    char room[126];
};
struct in_addr {
    uint32_t s_addr;
};
struct in6_addr {
    uint8_t s6_addr[16];
};
struct sockaddr_in {
    uint8_t sin_len;
    sa_family_t sin_family;
    uint16_t sin_port;
    struct in_addr sin_addr;
    char sin_zero[8];
};
struct sockaddr_in6 {
    uint8_t sin6_len;
    sa_family_t sin6_family;
    uint16_t sin6_port;
    uint32_t sin6_flowinfo;
    struct in6_addr sin6_addr;
    uint32_t sin6_scope_id;
};
struct sockaddr_un {
    unsigned char sun_len;
    sa_family_t sun_family;
    char sun_path[104];
};
int socket(int, int, int), connect(int, const struct sockaddr *, socklen_t);
int getsockname(int, struct sockaddr *, socklen_t *), getpeername(int, struct sockaddr *, socklen_t *);
int getsockopt(int, int, int, void *, socklen_t *);
int inet_pton(int, const char *, void *);
const char *inet_ntop(int, const void *, char *, socklen_t);
char *if_indextoname(unsigned, char *);
uint16_t htons(uint16_t), ntohs(uint16_t);
uint32_t htonl(uint32_t), ntohl(uint32_t);

/* --- netdb.h */
struct addrinfo {
    int ai_flags, ai_family, ai_socktype, ai_protocol;
    socklen_t ai_addrlen;
    char *ai_canonname;
    struct sockaddr *ai_addr;
    struct addrinfo *ai_next;
};
#define AI_NUMERICSERV 0x00000008
#define EAI_SYSTEM 11
int getaddrinfo(const char *, const char *, const struct addrinfo *, struct addrinfo **);
void freeaddrinfo(struct addrinfo *);
const char *gai_strerror(int);

/* --- sys/ioctl.h, sys/sysctl.h */
#define IOCPARM_MAX (1 << 13)
#define IOCPARM_LEN(x) (((x) >> 16) & (IOCPARM_MAX - 1))
#define FIONREAD 0x4004667f
#define FIONWRITE 0x40046677
int ioctl(int, unsigned long, ...);
int sysctl(const int *, unsigned, void *, size_t *, const void *, size_t);
int sysctlbyname(const char *, void *, size_t *, const void *, size_t);

#endif
