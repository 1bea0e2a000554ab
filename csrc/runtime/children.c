/* Lua's os.execute and io.popen once more, for scripts: waiting for a child that does not end can be interrupted, which system(3) and pclose(3) cannot
 * be. A child whose script was interrupted gets SIGTERM, and SIGKILL when that does not end it. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/watchdog.h"

#define PATIENCE (2 * TCPS_SECOND)

extern char **environ;

/* Starts /bin/sh -c command; its descriptor `to` is our `from` (-1: nothing is changed). 0, or errno's number. */
static int start(const char *command, int from, int to, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE); /* which a host ignores; a pipeline is to end by it */
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    error = posix_spawnattr_init(&attributes);
    if (!error) {
        posix_spawnattr_setsigdefault(&attributes, &defaults);
        posix_spawnattr_setpgroup(&attributes, 0); /* what it starts itself is to end with it */
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        if (from >= 0) error = posix_spawn_file_actions_adddup2(&actions, from, to);
        char *const arguments[] = {"sh", "-c", (char *)(uintptr_t)command, NULL};
        if (!error) error = posix_spawn(pid, "/bin/sh", &actions, &attributes, arguments, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Waits for the end of a child that its script waits for. */
static int wait_long(pid_t pid) {
    int status, signal = SIGTERM;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return -1;
        if (tcps_watch.expired) {
            kill(-pid, signal);
            signal = SIGKILL;
        }
    }
    return status;
}

/* Waits for the end of a child whose file was collected: it gets `patience` for what it still has to do, as the run waits. */
static int wait_briefly(pid_t pid, int64_t patience) {
    const struct timespec pause = {.tv_nsec = 5000000};
    int status, signals[] = {SIGTERM, SIGKILL}, sent = 0;
    int64_t deadline = tcps_now() + patience;
    pid_t ended;
    while ((ended = waitpid(pid, &status, WNOHANG)) != pid) {
        if (ended < 0 && errno != EINTR) return -1;
        if (tcps_now() >= deadline && sent < 2) {
            kill(-pid, signals[sent++]);
            deadline = tcps_now() + PATIENCE;
        }
        nanosleep(&pause, NULL);
    }
    return status;
}

/* What luaL_execresult makes of a child's status looks at errno as well. */
static int push_result(lua_State *L, int status) {
    if (status != -1) errno = 0;
    return luaL_execresult(L, status);
}

/* runtime.execute([command]) -> as os.execute */
static int l_execute(lua_State *L) {
    const char *command = luaL_optstring(L, 1, NULL);
    if (!command) {
        lua_pushboolean(L, access("/bin/sh", X_OK) == 0);
        return 1;
    }
    fflush(NULL); /* what was written before it shall stand before what it writes */
    pid_t pid;
    errno = start(command, -1, -1, &pid);
    return push_result(L, errno ? -1 : wait_long(pid));
}

/* A file whose other end is a child. It is Lua's own kind of file, so that io and file methods know it. */
typedef struct child_file {
    luaL_Stream stream;
    pid_t pid;
    int interruptions; /* that there had been when it was opened */
} child_file;

static int close_child(lua_State *L) {
    child_file *file = (child_file *)luaL_checkudata(L, 1, LUA_FILEHANDLE);
    fclose(file->stream.f);
    bool was_interrupted = file->interruptions != tcps_watch.interruptions;
    return push_result(L, tcps_watch.in_script ? wait_long(file->pid) : wait_briefly(file->pid, was_interrupted ? 0 : PATIENCE));
}

/* runtime.popen(command [, mode]) -> as io.popen. The child of a file that is collected without having been closed is ended after two seconds. */
static int l_popen(lua_State *L) {
    const char *command = luaL_checkstring(L, 1), *mode = luaL_optstring(L, 2, "r");
    luaL_argcheck(L, (mode[0] == 'r' || mode[0] == 'w') && mode[1] == '\0', 2, "invalid mode");
    bool reads = mode[0] == 'r';
    child_file *file = lua_newuserdatauv(L, sizeof *file, 0);
    file->stream.closef = NULL; /* closed, until it is open */
    luaL_setmetatable(L, LUA_FILEHANDLE);
    int ends[2];
    fflush(NULL);
    if (pipe(ends) != 0) return luaL_fileresult(L, 0, command);
    int ours = ends[reads ? 0 : 1], its = ends[reads ? 1 : 0];
    fcntl(ours, F_SETFD, FD_CLOEXEC);
    fcntl(its, F_SETFD, FD_CLOEXEC);
    FILE *f = fdopen(ours, mode);
    int error = f ? start(command, its, reads ? STDOUT_FILENO : STDIN_FILENO, &file->pid) : errno;
    close(its);
    if (error) {
        if (f)
            fclose(f);
        else
            close(ours);
        errno = error;
        return luaL_fileresult(L, 0, command);
    }
    file->stream.f = f;
    file->stream.closef = close_child;
    file->interruptions = tcps_watch.interruptions;
    return 1;
}

void tcpsL_openchildren(lua_State *L) {
    static const luaL_Reg functions[] = {{"execute", l_execute}, {"popen", l_popen}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
