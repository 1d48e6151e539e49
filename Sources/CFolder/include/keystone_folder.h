/* What KeystoneFolder needs of the system and Swift cannot call: variadic and non-portable functions. */
#ifndef KEYSTONE_FOLDER_H
#define KEYSTONE_FOLDER_H
#include <sys/types.h>

/* Makes a pipe that no child inherits; 0, or an error number. */
int ks_folder_pipe(int ends[2]);

/*
 * Opens `path` below the folder `root`; when `beneath`, no link and no `..` leads out of it.
 * A descriptor that no child inherits, or the negative of an error number.
 */
int ks_folder_open(int root, const char *path, int flags, unsigned mode, int beneath);

/*
 * Starts `program` in a process group of its own, in `directory`, with the three descriptors as its standard streams.
 * 0, or an error number.
 */
int ks_folder_spawn(const char *program, char *const arguments[], char *const environment[], const char *directory,
                    const int streams[3], pid_t *pid);

#endif
