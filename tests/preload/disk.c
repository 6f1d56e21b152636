/* Stands between a process and its disk, for tests that take the power away or let a call fail.
 *
 * Loaded with LD_PRELOAD. It looks only at paths below DISK_ROOT, and at what is written to standard output.
 *   DISK_LOG=FILE     appends what was done, in order: see `record` for the bytes.
 *   DISK_COUNT=FILE   a page shared by all processes: how many calls were made, and whether they count yet.
 *   DISK_ARM=FILE     calls count once this file was opened; without it, from the start.
 *   DISK_FAULT=KIND   what becomes of call number DISK_AT: eio (not of reading), unread (EIO of reading), enospc (that
 *                     call and all after it), eintr, short (half is written or read), kill (before the call),
 *                     torn (half is written, then kill).
 * A process that empties the environment of its children hands all of this on to them all the same.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { NONE, EIO_ONCE, UNREAD_ONCE, ENOSPC_ON, EINTR_ONCE, SHORT_ONCE, KILL, TORN };
enum call { READS, WRITES, MAKES, SYNCS, SYNCS_RANGE, OPENS, NAMES };

struct shared {
    _Atomic uint64_t calls;
    _Atomic uint64_t armed;
    _Atomic uint64_t hit;
};

static char root[PATH_MAX];
static size_t root_length;
static char log_file[PATH_MAX];
static char arm_file[PATH_MAX];
static struct shared *shared;
static enum kind kind;
static uint64_t at;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

static const char *const HANDED_ON[] = {"LD_PRELOAD", "DISK_ROOT", "DISK_LOG", "DISK_COUNT",
                                        "DISK_ARM",   "DISK_FAULT", "DISK_AT"};
enum { HANDED = sizeof HANDED_ON / sizeof *HANDED_ON };
static char *handed_on[HANDED];

static enum kind kind_named(const char *name) {
    static const char *const names[] = {"", "eio", "unread", "enospc", "eintr", "short", "kill", "torn"};
    for (int it = 1; name && it <= TORN; it++)
        if (!strcmp(name, names[it])) return it;
    return NONE;
}

static void copy(char *to, const char *from) { snprintf(to, PATH_MAX, "%s", from ? from : ""); }

__attribute__((constructor)) static void start(void) {
    copy(root, getenv("DISK_ROOT"));
    root_length = strlen(root);
    copy(log_file, getenv("DISK_LOG"));
    copy(arm_file, getenv("DISK_ARM"));
    kind = kind_named(getenv("DISK_FAULT"));
    at = getenv("DISK_AT") ? strtoull(getenv("DISK_AT"), 0, 10) : 0;
    for (int it = 0; it < HANDED; it++) {
        const char *value = getenv(HANDED_ON[it]);
        if (value && asprintf(&handed_on[it], "%s=%s", HANDED_ON[it], value) < 0) abort();
    }
    const char *page = getenv("DISK_COUNT");
    if (!page) return;
    int fd = syscall(SYS_openat, AT_FDCWD, page, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || syscall(SYS_ftruncate, fd, sizeof *shared)) abort();
    shared = mmap(0, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED) abort();
    syscall(SYS_close, fd);
    if (!arm_file[0]) shared->armed = 1;
}

/* ---- whose path it is */

static int below_root(const char *path) {
    return root_length && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return below_root(path) && !strstr(path, " (deleted)");
}

static int path_at(int folder, const char *name, char *path) {
    if (name[0] == '/') {
        copy(path, name);
    } else {
        char start[PATH_MAX] = "";
        if (folder == AT_FDCWD) {
            if (!getcwd(start, sizeof start)) return 0;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, start, PATH_MAX - 1);
            if (length <= 0) return 0;
            start[length] = 0;
        }
        if (snprintf(path, PATH_MAX, "%s/%s", start, name) >= PATH_MAX) return 0;
    }
    return below_root(path);
}

/* ---- the log: op u8, path length u16, number i64, data length u64, path, data; as this machine has its numbers */

static void record(char op, const char *path, int64_t number, const void *data, uint64_t length) {
    if (!log_file[0]) return;
    uint16_t path_length = strlen(path);
    char head[19];
    head[0] = op;
    memcpy(head + 1, &path_length, 2);
    memcpy(head + 3, &number, 8);
    memcpy(head + 11, &length, 8);
    struct iovec parts[3] = {{head, sizeof head}, {(void *)path, path_length}, {(void *)data, length}};
    /* Opened anew each time: a process may close every descriptor it does not know. */
    int fd = syscall(SYS_openat, AT_FDCWD, log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || syscall(SYS_writev, fd, parts, 3) < (ssize_t)sizeof head) abort();
    syscall(SYS_close, fd);
}

static void lock(void) { pthread_mutex_lock(&order); }
static void unlock(void) { pthread_mutex_unlock(&order); }

/* ---- faults */

static void die(void) {
    shared->hit = 1;
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Whether the fault is due at this call; counts it. */
static enum kind due(enum call call) {
    if (!shared || !shared->armed) return NONE;
    uint64_t number = ++shared->calls;
    int now = number == at;
    int applies = 0;
    switch (kind) {
    case NONE: break;
    case EIO_ONCE: applies = now && call != READS; break;
    case UNREAD_ONCE: applies = now && call == READS; break;
    case ENOSPC_ON: applies = number >= at && (call == WRITES || call == MAKES || call == SYNCS); break;
    case EINTR_ONCE: applies = now && call != NAMES && call != SYNCS_RANGE; break;
    case SHORT_ONCE:
    case TORN: applies = now && (call == WRITES || (kind == SHORT_ONCE && call == READS)); break;
    case KILL: applies = now; break;
    }
    if (!applies) return NONE;
    shared->hit = 1;
    if (kind == KILL) die();
    return kind;
}

static int error_of(enum kind it) {
    switch (it) {
    case EIO_ONCE:
    case UNREAD_ONCE: return EIO;
    case ENOSPC_ON: return ENOSPC;
    case EINTR_ONCE: return EINTR;
    default: return 0;
    }
}

/* 0, or -1 with errno set, for calls that either happen or do not. */
static int refused(enum call call) {
    int error = error_of(due(call));
    if (error) errno = error;
    return error ? -1 : 0;
}

#define NEXT(name)                                        \
    static __typeof__(&name) next;                        \
    if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* ---- writing and reading */

struct sink {
    int fd;
    off_t offset; /* -1: where the descriptor is */
};

static ssize_t put(struct sink to, const void *bytes, size_t length) {
    return to.offset < 0 ? syscall(SYS_write, to.fd, bytes, length)
                         : syscall(SYS_pwrite64, to.fd, bytes, length, to.offset);
}

static ssize_t wrote(struct sink to, const void *bytes, size_t length) {
    char path[PATH_MAX];
    if (to.fd == STDOUT_FILENO && to.offset < 0) {
        record('a', "", 0, bytes, length);
        return put(to, bytes, length);
    }
    if (!path_of(to.fd, path)) return put(to, bytes, length);
    enum kind fault = due(WRITES);
    if (error_of(fault)) {
        errno = error_of(fault);
        return -1;
    }
    if ((fault == SHORT_ONCE || fault == TORN) && length > 1) length /= 2;
    lock();
    off_t offset = to.offset;
    if (offset < 0) {
        int appends = fcntl(to.fd, F_GETFL) & O_APPEND;
        offset = lseek(to.fd, 0, appends ? SEEK_END : SEEK_CUR);
    }
    ssize_t written = put(to, bytes, length);
    if (written > 0) record('w', path, offset, bytes, written);
    unlock();
    if (fault == TORN) die();
    return written;
}

ssize_t write(int fd, const void *bytes, size_t length) { return wrote((struct sink){fd, -1}, bytes, length); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    return wrote((struct sink){fd, offset}, bytes, length);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    return wrote((struct sink){fd, offset}, bytes, length);
}

/* Only the first part: whoever writes several goes on where a short write ended. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    if (fd == STDOUT_FILENO || path_of(fd, path))
        for (int it = 0; it < count; it++)
            if (parts[it].iov_len) return write(fd, parts[it].iov_base, parts[it].iov_len);
    return syscall(SYS_writev, fd, parts, count);
}

static ssize_t fetched(int fd, void *bytes, size_t length, off_t offset) {
    char path[PATH_MAX];
    if (shared && path_of(fd, path)) {
        enum kind fault = due(READS);
        if (error_of(fault)) {
            errno = error_of(fault);
            return -1;
        }
        if (fault == SHORT_ONCE && length > 1) length /= 2;
    }
    return offset < 0 ? syscall(SYS_read, fd, bytes, length) : syscall(SYS_pread64, fd, bytes, length, offset);
}

ssize_t read(int fd, void *bytes, size_t length) { return fetched(fd, bytes, length, -1); }
ssize_t pread(int fd, void *bytes, size_t length, off_t offset) { return fetched(fd, bytes, length, offset); }
ssize_t pread64(int fd, void *bytes, size_t length, off64_t offset) { return fetched(fd, bytes, length, offset); }

/* A copy inside the kernel would pass by us: whoever asks falls back to reading and writing. */
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags) {
    (void)from, (void)from_at, (void)to, (void)to_at, (void)length, (void)flags;
    errno = ENOSYS;
    return -1;
}
ssize_t sendfile(int to, int from, off_t *offset, size_t length) {
    (void)to, (void)from, (void)offset, (void)length;
    errno = EINVAL;
    return -1;
}
ssize_t sendfile64(int to, int from, off64_t *offset, size_t length) { return sendfile(to, from, offset, length); }

/* ---- syncing */

static int synced(int fd, long call, char op) {
    char path[PATH_MAX];
    int ours = path_of(fd, path);
    if (ours && refused(SYNCS)) return -1;
    lock();
    int done = syscall(call, fd);
    if (ours && !done) record(op, path, 0, 0, 0);
    unlock();
    return done;
}

int fsync(int fd) { return synced(fd, SYS_fsync, 'f'); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync, 'g'); }

int sync_file_range(int fd, off64_t offset, off64_t length, unsigned flags) {
    char path[PATH_MAX];
    int ours = path_of(fd, path);
    if (ours && refused(SYNCS_RANGE)) return -1;
    lock();
    int done = syscall(SYS_sync_file_range, fd, offset, length, flags);
    if (ours && !done) record('s', path, offset, &length, sizeof length);
    unlock();
    return done;
}

/* ---- files, folders and their names */

static int truncated(int fd, off_t length) {
    char path[PATH_MAX];
    int ours = path_of(fd, path);
    if (ours && refused(MAKES)) return -1;
    lock();
    int done = syscall(SYS_ftruncate, fd, length);
    if (ours && !done) record('t', path, length, 0, 0);
    unlock();
    return done;
}

int ftruncate(int fd, off_t length) { return truncated(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncated(fd, length); }

static int opened(int folder, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    if (shared && arm_file[0] && !strcmp(name, arm_file)) shared->armed = 1;
    if (!path_at(folder, name, path)) return syscall(SYS_openat, folder, name, flags, mode);
    if (refused(flags & O_CREAT ? MAKES : OPENS)) return -1;
    lock();
    struct stat before;
    int was_there = !syscall(SYS_newfstatat, folder, name, &before, 0);
    int fd = syscall(SYS_openat, folder, name, flags, mode);
    if (fd >= 0 && !was_there && flags & O_CREAT) record('c', path, 0, 0, 0);
    if (fd >= 0 && was_there && flags & O_TRUNC && before.st_size) record('t', path, 0, 0, 0);
    unlock();
    return fd;
}

#define OPENING(name, folder, ...)                              \
    int name(__VA_ARGS__ const char *path, int flags, ...) {    \
        mode_t mode = 0;                                        \
        if (flags & (O_CREAT | O_TMPFILE)) {                    \
            va_list more;                                       \
            va_start(more, flags);                              \
            mode = va_arg(more, mode_t);                        \
            va_end(more);                                       \
        }                                                       \
        return opened(folder, path, flags, mode);               \
    }
#define AND ,
OPENING(open, AT_FDCWD, )
OPENING(open64, AT_FDCWD, )
OPENING(openat, folder, int folder AND)
OPENING(openat64, folder, int folder AND)

static int renamed(int from, const char *old, int to, const char *new, unsigned flags) {
    char path[PATH_MAX], other[PATH_MAX];
    int ours = path_at(from, old, path) && path_at(to, new, other);
    if (ours && refused(NAMES)) return -1;
    lock();
    int done = syscall(SYS_renameat2, from, old, to, new, flags);
    if (ours && !done) record('m', path, 0, other, strlen(other));
    unlock();
    return done;
}

int rename(const char *old, const char *new) { return renamed(AT_FDCWD, old, AT_FDCWD, new, 0); }
int renameat(int from, const char *old, int to, const char *new) { return renamed(from, old, to, new, 0); }
int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    return renamed(from, old, to, new, flags);
}

static int removed(int folder, const char *name, int flags) {
    char path[PATH_MAX];
    int ours = path_at(folder, name, path);
    if (ours && refused(NAMES)) return -1;
    lock();
    int done = syscall(SYS_unlinkat, folder, name, flags);
    if (ours && !done) record('u', path, 0, 0, 0);
    unlock();
    return done;
}

int unlink(const char *name) { return removed(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return removed(AT_FDCWD, name, AT_REMOVEDIR); }
int unlinkat(int folder, const char *name, int flags) { return removed(folder, name, flags); }

static int made(int folder, const char *name, mode_t mode) {
    char path[PATH_MAX];
    int ours = path_at(folder, name, path);
    if (ours && refused(MAKES)) return -1;
    lock();
    int done = syscall(SYS_mkdirat, folder, name, mode);
    if (ours && !done) record('d', path, 0, 0, 0);
    unlock();
    return done;
}

int mkdir(const char *name, mode_t mode) { return made(AT_FDCWD, name, mode); }
int mkdirat(int folder, const char *name, mode_t mode) { return made(folder, name, mode); }

/* ---- children */

static int is_handed_on(const char *variable) {
    for (int it = 0; it < HANDED; it++) {
        size_t length = strlen(HANDED_ON[it]);
        if (!strncmp(variable, HANDED_ON[it], length) && variable[length] == '=') return 1;
    }
    return 0;
}

enum { MOST_VARIABLES = 1024 };

static char **with_ours(char *const given[], char *all[MOST_VARIABLES]) {
    int count = 0;
    for (; given && *given && count < MOST_VARIABLES - HANDED - 1; given++)
        if (!is_handed_on(*given)) all[count++] = *given;
    for (int it = 0; it < HANDED; it++)
        if (handed_on[it]) all[count++] = handed_on[it];
    all[count] = 0;
    return all;
}

int execve(const char *path, char *const arguments[], char *const variables[]) {
    NEXT(execve);
    char *all[MOST_VARIABLES];
    return next(path, arguments, with_ours(variables, all));
}

int execvp(const char *file, char *const arguments[]) {
    NEXT(execvpe);
    char *all[MOST_VARIABLES];
    return next(file, arguments, with_ours(environ, all));
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const arguments[], char *const variables[]) {
    NEXT(posix_spawn);
    char *all[MOST_VARIABLES];
    return next(pid, path, actions, attributes, arguments, with_ours(variables, all));
}

int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const arguments[], char *const variables[]) {
    NEXT(posix_spawnp);
    char *all[MOST_VARIABLES];
    return next(pid, file, actions, attributes, arguments, with_ours(variables, all));
}
