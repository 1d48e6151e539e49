/* An entry as protocol.h describes it, put into the frame that is open. */
#ifndef KEYSTONE_SANDBOX_ENTRY_H
#define KEYSTONE_SANDBOX_ENTRY_H
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum digest { DIGEST_NONE = 0, DIGEST_KNOWN = 1, DIGEST_UNREADABLE = 2 };

struct entry_digest {
  enum digest state;
  uint8_t bytes[32];
};

/* `folder` and `name` are where a link's target is read; returns the bytes put. */
size_t put_entry(const struct stat *status, const struct entry_digest *digest, int folder, const char *name,
                 const char *path, size_t path_size);

/* DONE with the entry of an open file, whose name the runtime knows. */
void done_with_status(uint32_t id, int fd);

#endif
