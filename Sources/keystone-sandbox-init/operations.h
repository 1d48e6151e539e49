/* The operations behind the requests, and what the loop asks of them each round. */
#ifndef KEYSTONE_SANDBOX_OPERATIONS_H
#define KEYSTONE_SANDBOX_OPERATIONS_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "channel.h"

/* main.c */
void handle_request(uint8_t type, uint32_t id, struct reader *reader);
void shut_down(void) __attribute__((noreturn));
/* The socket took enough: producers that found no room look again. */
void producers_resume(void);

/* command.c: commands and their streams */
void execute(uint32_t id, struct reader *reader);
/* False when no command has this id. */
bool command_request(uint8_t type, uint32_t id, struct reader *reader);
void commands_resume(void);
/* A child of the helper ended. */
void command_reaped(pid_t pid, int status);
/* Kills what is over its time; returns when to call again, or UINT64_MAX. */
uint64_t commands_tick(uint64_t now);
void commands_killed(void);
void commands_sweep(void);
/* Whether there is any command, or something that one left behind. */
bool commands_exist(void);
/* Kills every command and what was left behind, because of a limit. */
void commands_over(enum ending ending);

/* kill_all.c */
void kill_all(uint32_t id);
/* Sees whether everything is gone; returns when to call again, or UINT64_MAX. */
uint64_t kill_all_tick(uint64_t now);

/* Requests answered at once. */
void file_status(uint32_t id, struct reader *reader);
void file_remove(uint32_t id, struct reader *reader);
void file_make_folder(uint32_t id, struct reader *reader);

/* write.c */
void file_write(uint32_t id, struct reader *reader);
bool write_request(uint8_t type, uint32_t id, struct reader *reader);

/* job.c: requests that take many rounds (read, list, tree) */
void file_read(uint32_t id, struct reader *reader);
void file_list(uint32_t id, struct reader *reader);
void file_tree(uint32_t id, struct reader *reader);

#endif
