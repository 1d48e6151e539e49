/*
 * The language between a sandbox's first process (this program, "the helper") and the runtime that started it.
 *
 * Both sides write frames on one stream socket, the helper's descriptor 3:
 *
 *     u32 size of the payload | u8 type | u32 id | payload
 *
 * Integers are little-endian. `string` is a u32 length and that many bytes; a path is a string and need not be
 * UTF-8. The runtime chooses the id of a request, and every frame about it carries that id. A request ends with
 * exactly one DONE or FAILED (for EXECUTE: with CLOSED or FAILED); then the id is free.
 *
 * Nobody sends bulk data without credit. The runtime grants it with CREDIT for process output and for what READ, LIST
 * and TREE answer; the helper grants it with WINDOW for INPUT and CONTENT, which begin with INITIAL_WINDOW.
 *
 * Growth: types are only added; a type that is not known is answered with FAILED, ERROR_UNSUPPORTED.
 */
#ifndef KEYSTONE_SANDBOX_PROTOCOL_H
#define KEYSTONE_SANDBOX_PROTOCOL_H

#define PROTOCOL_VERSION 2u
#define HEADER_SIZE 9u
#define MAX_PAYLOAD (4u << 20)
#define INITIAL_WINDOW (256u << 10)
#define CONTROL_DESCRIPTOR 3

/* Requests of the runtime. */
enum request {
  /* u32 deadline in ms (0: none), u32 grace in ms between SIGTERM and SIGKILL, u8 stdin (0 empty, 1 INPUT frames),
     u8 stdout and u8 stderr (0 thrown away, 1 frames), u64 credit for stdout, u64 for stderr, string working
     directory, u32 count, arguments, u32 count, environment ("NAME=value", complete), u64 tag and u32 watch: with a
     watch (enum ks_watch) the command's seccomp listener goes to the attached host under this tag */
  REQUEST_EXECUTE = 0x01,
  /* u32 grace in ms: SIGTERM, then SIGKILL, to every process that command `id` started */
  REQUEST_KILL = 0x02,
  /* u32 signal number, to the process group of command `id` */
  REQUEST_SIGNAL = 0x03,
  /* SIGKILL to everything in the sandbox but the helper; DONE when nothing is left */
  REQUEST_KILL_ALL = 0x04,
  /* bytes for the standard input of command `id` */
  REQUEST_INPUT = 0x05,
  REQUEST_INPUT_END = 0x06,
  /* u8 stream (0 answer of a file request, 1 stdout, 2 stderr), u64 bytes */
  REQUEST_CREDIT = 0x07,
  /* u64 offset, u64 most bytes, string path: DATA frames, then DONE with an entry without path */
  REQUEST_READ = 0x10,
  /* u32 mode, u8 1 if the rest of the payload is the whole content, string path: then CONTENT frames; DONE with an
     entry without path */
  REQUEST_WRITE = 0x11,
  REQUEST_CONTENT = 0x12,
  REQUEST_CONTENT_END = 0x13,
  /* u8 1 for the whole tree, string path: ENTRIES frames, DONE with u64 count */
  REQUEST_LIST = 0x14,
  /* u8 1 to follow a final link, string path: DONE with one entry */
  REQUEST_STATUS = 0x15,
  /* u8 1 for a whole tree, string path: DONE */
  REQUEST_REMOVE = 0x16,
  /* u32 mode, u8 1 to make missing parents and accept an existing folder, string path: DONE */
  REQUEST_MAKE_FOLDER = 0x17,
  /* string path: ENTRIES with digests, DONE with u64 count, u64 bytes hashed, u64 bytes taken from the cache */
  REQUEST_TREE = 0x18,
  /* Ends request `id` with FAILED, ERROR_CANCELLED; a command is killed instead and its output thrown away */
  REQUEST_CANCEL = 0x19,
  /* Kills everything and ends the helper; the end of the socket does the same */
  REQUEST_SHUT_DOWN = 0x1f
};

/* What the helper says. */
enum reply {
  REPLY_READY = 0x80,    /* u32 PROTOCOL_VERSION, u32 own process id, u8 enum ready, string why something is missing */
  REPLY_STARTED = 0x81,  /* u32 process id inside the sandbox; FAILED may still follow */
  REPLY_STDOUT = 0x82,   /* bytes */
  REPLY_STDERR = 0x83,   /* bytes */
  REPLY_EXIT = 0x84,     /* u8 how (0 exit code, 1 signal), u32 value, u8 why (enum ending) */
  REPLY_CLOSED = 0x85,   /* the command's output is complete */
  REPLY_FAILED = 0x86,   /* u32 enum error, u32 errno or 0, string text */
  REPLY_DONE = 0x87,     /* depends on the request */
  REPLY_DATA = 0x88,     /* bytes of a file */
  REPLY_ENTRIES = 0x89,  /* entries one after another */
  REPLY_WINDOW = 0x8a,   /* u32 bytes more that the runtime may send for this id */
  REPLY_DEAF = 0x8b      /* the command closed its standard input: further INPUT is thrown away */
};

/*
 * An entry: u8 kind ('f' file, 'd' folder, 'l' link, 'o' other), u32 permission bits, u64 size, i64 modification time in
 * nanoseconds since 1970, u8 digest (0 none, 1 SHA-256 follows, 2 the file could not be read), [32 bytes], string path
 * below the folder asked for, string target of the link.
 */

enum ready {
  READY_REDIRECTS = 1, /* all TCP of the sandbox arrives at the attached host */
  READY_NOTIFIES = 2   /* commands can be watched */
};

enum ending {
  ENDING_OWN = 0,      /* it ended by itself, or by somebody else's signal */
  ENDING_DEADLINE = 1, /* killed at its deadline */
  ENDING_KILLED = 2,   /* killed by KILL, KILL_ALL or CANCEL */
  ENDING_MEMORY = 3,   /* killed because the sandbox was over its limit of memory */
  ENDING_DISK = 4      /* the same of disk */
};

enum error {
  ERROR_NOT_FOUND = 1,
  ERROR_DENIED = 2,
  ERROR_INVALID = 3,
  ERROR_WRONG_KIND = 4, /* a FIFO, socket, device or folder where a file was asked for, and the like */
  ERROR_OUTSIDE = 5,    /* the path leads out of the place it belongs to */
  ERROR_NOT_STARTED = 6,
  ERROR_SYSTEM = 7,
  ERROR_EXHAUSTED = 8,
  ERROR_CANCELLED = 9,
  ERROR_UNSUPPORTED = 10
};

#endif
