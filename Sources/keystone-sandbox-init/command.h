/* One running command. */
#ifndef KEYSTONE_SANDBOX_COMMAND_H
#define KEYSTONE_SANDBOX_COMMAND_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "channel.h"
#include "sandbox.h"

struct command;

/* The reading end of the command's stdout or stderr. */
struct output {
  struct watch watch;
  struct command *command;
  enum reply type;
  uint64_t credit;
  uint64_t remaining; /* once the command has ended: what was in the pipe then */
  bool finished;      /* everything that counts was sent; whatever a process left behind writes is thrown away */
};

/* The writing end of its stdin, and what did not fit into the pipe yet. */
struct input {
  struct watch watch;
  struct command *command;
  uint8_t *data;
  size_t from, used;
  bool ended, deaf;
};

struct command {
  struct command *next;
  uint32_t id;
  pid_t supervisor, leader;
  struct watch reports;
  struct output outputs[2];
  struct input input;
  uint64_t deadline, kill_at; /* monotonic ms, 0 for none */
  uint32_t grace;
  enum ending ending;
  bool killing, ended, closed, unsupervised;
};

/* command_output.c */
void output_resume(struct output *output);
/* Tells where to stop: at what the pipe holds now. */
void output_limit(struct output *output);
void output_abandon(struct output *output);
void output_ready(struct watch *watch, uint32_t events);

/* command_input.c */
void input_take(struct input *input, struct bytes data);
void input_end(struct input *input);
void input_release(struct input *input);
void input_ready(struct watch *watch, uint32_t events);

/* command.c */
void command_progress(struct command *command);

/* command_start.c: fills in and starts; false after answering FAILED */
bool command_start(struct command *command, struct reader *reader);

#endif
