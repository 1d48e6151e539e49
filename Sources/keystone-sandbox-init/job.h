/* Requests that take many rounds of the loop: reading a file, listing, hashing, removing. */
#ifndef KEYSTONE_SANDBOX_JOB_H
#define KEYSTONE_SANDBOX_JOB_H
#include <stdbool.h>
#include <stdint.h>

#include "channel.h"

/* What one slice of a job may take. */
#define SLICE_MS 2

struct job {
  struct job *next;
  uint32_t id;
  uint64_t credit;
  bool needs_credit; /* waits while it has none or the socket is full */
  bool ended;        /* set by `step` once DONE or FAILED was sent */
  void (*step)(struct job *job);
  void (*release)(struct job *job);
};

void job_add(struct job *job);
void job_spend(struct job *job, uint64_t bytes);
void job_request(uint8_t type, uint32_t id, struct reader *reader);
bool jobs_can_run(void);
/* One slice of each job that can go on. */
void jobs_run(void);

#endif
