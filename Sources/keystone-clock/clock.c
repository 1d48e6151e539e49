/*
 * keystone-clock.so - preloaded into the commands of a sandbox whose spec freezes the clock. What is asked of the clock on
 * the wall is answered with KEYSTONE_CLOCK_SECONDS; every other clock goes on, so that sleeps and timeouts work, and
 * deadlines given in wall time are moved to where the kernel expects them.
 *
 * Linked against nothing, so that any C library can load it. (libfaketime 0.9.10, which Debian 12 ships, makes Python 3.11's
 * `time.sleep` fail when it leaves the monotonic clock alone, and time-outs never end when it does not.)
 */
#include <limits.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>

#define EXPORTED __attribute__((visibility("default")))
#define COARSE_REALTIME 5
#define ATOMIC_REALTIME 11
/* A deadline beyond this is one in wall time: no machine has been up for three years. */
#define WALL_TIME 100000000

extern char **environ __attribute__((weak));
extern void *dlsym(void *handle, const char *name) __attribute__((weak));
#define NEXT_LIBRARY ((void *)-1l)

struct two_parts {
  long seconds, rest;
};

static long call(long number, long first, long second) {
#if defined(__x86_64__)
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(first), "S"(second) : "rcx", "r11", "memory");
  return result;
#else
  register long n __asm__("x8") = number, a __asm__("x0") = first, b __asm__("x1") = second;
  __asm__ volatile("svc 0" : "+r"(a) : "r"(n), "r"(b) : "memory");
  return a;
#endif
}

static int begins(const char *text, const char *prefix) {
  while (*prefix != 0 && *text == *prefix) text++, prefix++;
  return *prefix == 0;
}

/* The frozen time; LONG_MIN when there is none. */
static long frozen(void) {
  static long known = LONG_MIN;
  static const char name[] = "KEYSTONE_CLOCK_SECONDS=";
  if (known != LONG_MIN || &environ == NULL || environ == NULL) return known;
  for (char **entry = environ; *entry != NULL; entry++) {
    if (!begins(*entry, name)) continue;
    const char *digit = *entry + sizeof name - 1;
    int negative = *digit == '-';
    long value = 0;
    for (digit += negative; *digit >= '0' && *digit <= '9'; digit++) value = value * 10 + (*digit - '0');
    known = negative ? -value : value;
  }
  return known;
}

EXPORTED int clock_gettime(clockid_t clock, struct timespec *time) {
  int is_wall = clock == CLOCK_REALTIME || clock == COARSE_REALTIME || clock == ATOMIC_REALTIME;
  if (!is_wall || frozen() == LONG_MIN) {
    long result = call(SYS_clock_gettime, clock, (long)time);
    return result < 0 ? -1 : 0;
  }
  time->tv_sec = frozen();
  time->tv_nsec = 0;
  return 0;
}

EXPORTED int gettimeofday(struct two_parts *time, void *zone) {
  (void)zone;
  struct timespec now;
  if (time == NULL) return 0;
  clock_gettime(CLOCK_REALTIME, &now);
  *time = (struct two_parts){now.tv_sec, now.tv_nsec / 1000};
  return 0;
}

EXPORTED time_t time(time_t *place) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (place != NULL) *place = now.tv_sec;
  return now.tv_sec;
}

EXPORTED int timespec_get(struct timespec *time, int base) {
  if (base != TIME_UTC) return 0;
  clock_gettime(CLOCK_REALTIME, time);
  return base;
}

/* A deadline in frozen wall time as the kernel must be told it. */
static struct timespec moved(const struct timespec *deadline) {
  struct timespec result = *deadline, now;
  if (frozen() == LONG_MIN || deadline->tv_sec < WALL_TIME) return result;
  call(SYS_clock_gettime, CLOCK_REALTIME, (long)&now);
  result.tv_sec += now.tv_sec - frozen();
  result.tv_nsec += now.tv_nsec;
  if (result.tv_nsec >= 1000000000) {
    result.tv_nsec -= 1000000000;
    result.tv_sec++;
  }
  return result;
}

#define ENOSYS 38

EXPORTED int pthread_cond_timedwait(void *condition, void *mutex, const struct timespec *deadline) {
  int (*next)(void *, void *, const struct timespec *) =
      dlsym ? (int (*)(void *, void *, const struct timespec *))dlsym(NEXT_LIBRARY, "pthread_cond_timedwait") : NULL;
  struct timespec real = moved(deadline);
  return next ? next(condition, mutex, &real) : ENOSYS;
}

EXPORTED int pthread_mutex_timedlock(void *mutex, const struct timespec *deadline) {
  int (*next)(void *, const struct timespec *) =
      dlsym ? (int (*)(void *, const struct timespec *))dlsym(NEXT_LIBRARY, "pthread_mutex_timedlock") : NULL;
  struct timespec real = moved(deadline);
  return next ? next(mutex, &real) : ENOSYS;
}

EXPORTED int sem_timedwait(void *semaphore, const struct timespec *deadline) {
  int (*next)(void *, const struct timespec *) =
      dlsym ? (int (*)(void *, const struct timespec *))dlsym(NEXT_LIBRARY, "sem_timedwait") : NULL;
  struct timespec real = moved(deadline);
  return next ? next(semaphore, &real) : -1;
}
