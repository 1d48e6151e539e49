/* SHA-256 (FIPS 180-4), shared by the host and by the static sandbox helper, which links no library. */
#ifndef KEYSTONE_SHA256_H
#define KEYSTONE_SHA256_H
#include <stddef.h>
#include <stdint.h>

typedef struct ks_sha256 {
  uint32_t state[8];
  uint64_t length;
  uint8_t block[64];
  size_t used;
} ks_sha256;

void ks_sha256_init(ks_sha256 *hash);
void ks_sha256_update(ks_sha256 *hash, const void *data, size_t size);
void ks_sha256_final(ks_sha256 *hash, uint8_t digest[32]);

#endif
