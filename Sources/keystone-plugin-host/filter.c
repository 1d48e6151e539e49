/*
 * A second wall behind the namespaces: tracing, keys, new namespaces, mounts, BPF, io_uring and other calls of little use and a
 * large history. Everything else stays, since a plugin may bring any runtime along.
 */
#define _GNU_SOURCE 1
#include "filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000u
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#define X32_BIT 0xffffffffu
#else
#error "name the audit architecture of this machine"
#endif

static const int refused[] = {
    __NR_ptrace,       __NR_kcmp,           __NR_process_vm_writev, __NR_keyctl,          __NR_add_key,
    __NR_request_key,  __NR_bpf,            __NR_perf_event_open,   __NR_userfaultfd,     __NR_unshare,
    __NR_setns,        __NR_mount,          __NR_umount2,           __NR_pivot_root,      __NR_chroot,
    __NR_kexec_load,   __NR_init_module,    __NR_finit_module,      __NR_delete_module,   __NR_open_by_handle_at,
    __NR_acct,         __NR_swapon,         __NR_swapoff,           __NR_reboot,          __NR_quotactl,
    __NR_personality,  __NR_settimeofday,   __NR_clock_settime,     __NR_clock_adjtime,   __NR_sethostname,
    __NR_setdomainname,
#ifdef __x86_64__
    __NR_iopl,         __NR_ioperm,
#endif
#ifdef __NR_move_mount
    __NR_open_tree,    __NR_move_mount,     __NR_fsopen,            __NR_fsconfig,        __NR_fsmount,
    __NR_fspick,
#endif
#ifdef __NR_mount_setattr
    __NR_mount_setattr,
#endif
#ifdef __NR_kexec_file_load
    __NR_kexec_file_load,
#endif
#ifdef __NR_pidfd_getfd
    __NR_pidfd_getfd,
#endif
};
/* Whoever asks whether these are there is told that they are not, and does without. */
static const int unknown[] = {__NR_io_uring_setup, __NR_io_uring_enter, __NR_io_uring_register, __NR_clone3};

enum { MOST_INSTRUCTIONS = 160 };
static struct sock_filter code[MOST_INSTRUCTIONS];
static unsigned short size;

static void add(struct sock_filter instruction) {
  if (size < MOST_INSTRUCTIONS) code[size++] = instruction;
}

static void load(size_t offset) { add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset)); }

static void answer(uint32_t action) { add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action)); }

static void on(int number, uint32_t action) {
  add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1));
  answer(action);
}

bool filter_install(void) {
  const uint32_t denied = SECCOMP_RET_ERRNO | EPERM, missing = SECCOMP_RET_ERRNO | ENOSYS;
  load(offsetof(struct seccomp_data, arch));
  add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0));
  answer(missing);
  load(offsetof(struct seccomp_data, nr));
  add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
  answer(missing);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) on(refused[i], denied);
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) on(unknown[i], missing);
  add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 3));
  load(offsetof(struct seccomp_data, args));
  add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET, 0, 1));
  answer(denied);
  answer(SECCOMP_RET_ALLOW);
  struct sock_fprog program = {size, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}
