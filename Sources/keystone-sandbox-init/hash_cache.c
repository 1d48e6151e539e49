/* An open-addressing table keyed by the file's identity. A file whose content changed has another change time, which no
   command can set. */
#include "hash_cache.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_ENTRIES (1u << 20)
#define DISTRUST_NS 50000000LL

struct key {
  uint64_t device, inode;
  int64_t size, modified, changed;
};

struct entry {
  struct key key;
  uint8_t digest[32];
  bool used;
};

static struct entry *table;
static size_t capacity, used;

static int64_t nanoseconds(struct timespec time) { return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec; }

static struct key key_of(const struct stat *status) {
  return (struct key){status->st_dev, status->st_ino, status->st_size, nanoseconds(status->st_mtim),
                      nanoseconds(status->st_ctim)};
}

static struct entry *slot(struct entry *entries, size_t size, const struct key *key) {
  uint64_t hash = (key->inode * 0x9e3779b97f4a7c15u ^ key->device) * 0xff51afd7ed558ccdu;
  /* The place depends on the file alone, so that its new state takes the old one's slot. */
  for (size_t i = (hash >> 32) & (size - 1);; i = (i + 1) & (size - 1)) {
    struct entry *entry = &entries[i];
    if (!entry->used || (entry->key.inode == key->inode && entry->key.device == key->device)) return entry;
  }
}

bool hash_cache_find(const struct stat *status, uint8_t digest[32]) {
  if (used == 0) return false;
  struct key key = key_of(status);
  const struct entry *entry = slot(table, capacity, &key);
  if (!entry->used || memcmp(&entry->key, &key, sizeof key) != 0) return false;
  memcpy(digest, entry->digest, 32);
  return true;
}

static bool grow(void) {
  size_t larger = capacity ? capacity * 2 : 256;
  struct entry *entries = calloc(larger, sizeof *entries);
  if (entries == NULL) return false;
  for (size_t i = 0; i < capacity; i++) {
    if (table[i].used) *slot(entries, larger, &table[i].key) = table[i];
  }
  free(table);
  table = entries;
  capacity = larger;
  return true;
}

void hash_cache_store(const struct stat *status, const uint8_t digest[32]) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  struct key key = key_of(status);
  if (nanoseconds(now) - key.changed < DISTRUST_NS) return;
  if (used * 4 >= capacity * 3 && (used >= MOST_ENTRIES || !grow())) return;
  struct entry *entry = slot(table, capacity, &key);
  if (!entry->used) used++;
  entry->used = true;
  entry->key = key;
  memcpy(entry->digest, digest, 32);
}
