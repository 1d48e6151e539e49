/* Digests of files that have not changed since they were hashed. */
#ifndef KEYSTONE_SANDBOX_HASH_CACHE_H
#define KEYSTONE_SANDBOX_HASH_CACHE_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Finds the digest of a file with exactly this device, inode, size, modification and change time. */
bool hash_cache_find(const struct stat *status, uint8_t digest[32]);

/*
 * Remembers a digest. A file that changed within 50 ms before is not remembered: the kernel's clock for file times is coarse,
 * and a second change in the same tick would leave no mark.
 */
void hash_cache_store(const struct stat *status, const uint8_t digest[32]);

#endif
