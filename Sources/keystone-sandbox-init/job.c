/* The list of long requests; each gets a slice per round, so that none keeps the others waiting. */
#include "job.h"

#include <stddef.h>

static struct job *jobs;

static bool can_run(const struct job *job) {
  return !job->needs_credit || (job->credit > 0 && channel_has_room());
}

void job_add(struct job *job) {
  job->next = jobs;
  jobs = job;
}

void job_spend(struct job *job, uint64_t bytes) { job->credit -= bytes < job->credit ? bytes : job->credit; }

void job_request(uint8_t type, uint32_t id, struct reader *reader) {
  for (struct job *job = jobs; job != NULL; job = job->next) {
    if (job->id != id || job->ended) continue;
    if (type == REQUEST_CREDIT && read_u8(reader) == 0) {
      uint64_t bytes = read_u64(reader);
      job->credit = job->credit + bytes < bytes ? UINT64_MAX : job->credit + bytes;
    } else if (type == REQUEST_CANCEL) {
      send_failure(id, ERROR_CANCELLED, 0, "cancelled");
      job->ended = true;
    }
    return;
  }
}

bool jobs_can_run(void) {
  for (struct job *job = jobs; job != NULL; job = job->next) {
    if (job->ended || can_run(job)) return true;
  }
  return false;
}

void jobs_run(void) {
  for (struct job **link = &jobs; *link != NULL;) {
    struct job *job = *link;
    if (!job->ended && can_run(job)) job->step(job);
    if (!job->ended) {
      link = &job->next;
      continue;
    }
    *link = job->next;
    job->release(job);
  }
}
