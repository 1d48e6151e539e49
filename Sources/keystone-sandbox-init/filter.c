/*
 * One program per combination of what is watched. Besides asking, it closes the ways around being asked: io_uring (whose
 * operations are no system calls), other calling conventions (x32, 32-bit), and user namespaces (in which paths would mean
 * something else).
 */
#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keystone_attachment.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "name the audit architecture of this machine"
#endif

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif

#define MOST_INSTRUCTIONS 256
#define COMBINATIONS 8
#define WRITING_FLAGS (O_ACCMODE | O_CREAT | O_TRUNC)
#define X32_BIT 0x40000000u

static const int processes[] = {__NR_execve, __NR_execveat};

/* Calls that change the file system by a path; the host looks at what they will do. */
static const int writes[] = {
#ifdef __x86_64__
    __NR_creat, __NR_rename, __NR_unlink, __NR_rmdir, __NR_link, __NR_symlink, __NR_mkdir, __NR_mknod, __NR_chmod,
    __NR_chown, __NR_lchown,
#endif
    __NR_openat2, __NR_truncate, __NR_renameat, __NR_renameat2, __NR_unlinkat, __NR_linkat, __NR_symlinkat, __NR_mkdirat,
    __NR_mknodat, __NR_fchmod, __NR_fchmodat, __NR_fchmodat2, __NR_fchown, __NR_fchownat};

static const int refused[] = {__NR_io_uring_setup, __NR_io_uring_enter, __NR_io_uring_register};

struct program {
  struct sock_filter code[MOST_INSTRUCTIONS];
  unsigned short size;
};
static struct program programs[COMBINATIONS];

static void add(struct program *program, struct sock_filter instruction) {
  if (program->size < MOST_INSTRUCTIONS) program->code[program->size++] = instruction;
}

static void load(struct program *program, size_t offset) {
  add(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void answer(struct program *program, uint32_t action) {
  add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Answers `action` to system call `number`. */
static void on(struct program *program, int number, uint32_t action) {
  add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1));
  answer(program, action);
}

/* Answers `action` to call `number` when its argument has any bit of `mask`, else `otherwise`. */
static void on_bits(struct program *program, int number, int argument, uint32_t mask, uint32_t action,
                    uint32_t otherwise) {
  add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 4));
  load(program, offsetof(struct seccomp_data, args) + 8 * (size_t)argument); /* the low half: little endian */
  add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, mask, 0, 1));
  answer(program, action);
  answer(program, otherwise);
}

static void build(struct program *program, uint32_t watch) {
  const uint32_t ask = SECCOMP_RET_USER_NOTIF, allow = SECCOMP_RET_ALLOW;
  const uint32_t unknown = SECCOMP_RET_ERRNO | ENOSYS, denied = SECCOMP_RET_ERRNO | EPERM;
  load(program, offsetof(struct seccomp_data, arch));
  add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0));
  answer(program, unknown);
  load(program, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
  add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
  answer(program, unknown);
#endif
  uint32_t writing = watch & KS_WATCH_WRITES ? ask : allow, reading = watch & KS_WATCH_READS ? ask : allow;
  on_bits(program, __NR_openat, 2, WRITING_FLAGS, writing, reading);
#ifdef __x86_64__
  on_bits(program, __NR_open, 1, WRITING_FLAGS, writing, reading);
#endif
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) on(program, refused[i], unknown);
  on(program, __NR_clone3, unknown); /* its flags are in memory; libraries fall back to clone */
  on_bits(program, __NR_clone, 0, CLONE_NEWUSER, denied, allow);
  on_bits(program, __NR_unshare, 0, CLONE_NEWUSER, denied, allow);
  if (watch & KS_WATCH_PROCESSES) {
    for (size_t i = 0; i < sizeof processes / sizeof *processes; i++) on(program, processes[i], ask);
  }
  if (watch & KS_WATCH_WRITES) {
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) on(program, writes[i], ask);
  }
  if (!(watch & KS_WATCH_WRITES) && watch & KS_WATCH_READS) on(program, __NR_openat2, ask);
  answer(program, allow);
}

void filter_prepare(void) {
  for (uint32_t watch = 1; watch < COMBINATIONS; watch++) build(&programs[watch], watch);
}

bool filter_is_available(void) {
  uint32_t action = SECCOMP_RET_USER_NOTIF;
  struct seccomp_notif_sizes sizes;
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 &&
         syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0;
}

int filter_install(uint32_t watch) {
  struct program *program = &programs[watch % COMBINATIONS];
  struct sock_fprog filter = {program->size, program->code};
  unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
  /* Where the kernel knows it, a signal does not interrupt a call that the host is looking at. */
  int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &filter);
  if (fd < 0 && errno == EINVAL) fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  return fd;
}
