/*
 * What a sanitizer is told in processes that keystone starts with an environment of its own, so that no variable
 * reaches them: their reports go to files named REPORTS.PID, since their stderr is kept by the host.
 */
#define OPTIONS "log_path=" REPORTS ":exitcode=66:"

const char *__tsan_default_options(void);
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
const char *__lsan_default_suppressions(void);

const char *__tsan_default_options(void) { return OPTIONS "suppressions=" SUPPRESSIONS; }

const char *__asan_default_options(void) { return OPTIONS "detect_leaks=1"; }

/* As in suppressions.address, which says why. */
const char *__lsan_default_suppressions(void) { return "leak:formWeakReference"; }

const char *__ubsan_default_options(void) { return OPTIONS "print_stacktrace=1"; }
