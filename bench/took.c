/* What a process costs: `bench/took COMMAND...` runs it, discards its output and prints, if it succeeds,
 *     WALL_NS CPU_NS PEAK_KB
 * from before the fork to its end; cpu is user and system time of it and of what it waited for. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static unsigned long long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (unsigned long long)t.tv_sec * 1000000000u + (unsigned long long)t.tv_nsec;
}

static unsigned long long time_ns(struct timeval t) { return (unsigned long long)t.tv_sec * 1000000000u + (unsigned long long)t.tv_usec * 1000u; }

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    unsigned long long start = now_ns();
    pid_t pid;
    int error = posix_spawnp(&pid, argv[1], &actions, NULL, argv + 1, environ), status;
    if (error) {
        fprintf(stderr, "bench/took: %s: %s\n", argv[1], strerror(error));
        return 1;
    }
    struct rusage usage;
    if (wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "bench/took: %s failed\n", argv[1]);
        return 1;
    }
    printf("%llu %llu %ld\n", now_ns() - start, time_ns(usage.ru_utime) + time_ns(usage.ru_stime), usage.ru_maxrss);
    return 0;
}
