/* Stands between a process and its clock: once the file CLOCK_ARM is there, whoever asks for the time of day is refused,
 * which a program in Rust takes for a defect of its own. Loaded with LD_PRELOAD.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    const char *arm = getenv("CLOCK_ARM");

    if (clock == CLOCK_REALTIME && arm != NULL && access(arm, F_OK) == 0) {
        errno = EINVAL;
        return -1;
    }
    if (real == NULL)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    return real(clock, now);
}
