/*
 * A command is one file (cmd_*.c), one row in the table in main.c, one test.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "config.h"
#include "options.h"

struct command {
	const char *name;
	const char *usage;	/* operands, after "dvr NAME " */
	const char *summary;
	const char *help;	/* examples and details, for --help */
	const enum opt *opts;	/* ends with OPT_COUNT */
	bool to_operand;	/* the first operand ends the options */
	bool tapes;		/* its operands are tapes (completion) */
	const char *const *words;	/* or one of these; NULL: files */
	/* Returns the exit code; with `e` set (code != ERR_NONE) main prints
	 * it and exits with its code. */
	int (*run)(const struct args *args, struct err *e);
};

extern const struct command cmd_run, cmd_record, cmd_regress, cmd_replay,
	cmd_show, cmd_ls, cmd_accept, cmd_doctor, cmd_verify, cmd_scrub, cmd_completion, cmd_manual, cmd_init,
	cmd_shard, cmd_merge,
	cmd_update, cmd_quarantine, cmd_retire, cmd_review,
	cmd_diff;

/* Flags that every command takes. */
#define COMMON_OPTS OPT_CONFIG, OPT_FIXTURES, OPT_NAMESPACE, OPT_COLOR, \
	OPT_QUIET, OPT_VERBOSE, OPT_HELP

/* The configuration with the common flags on top. */
int command_config(const struct args *args, struct config *out,
		   struct err *e);
/* A number or a duration from a flag; absent leaves *out. */
int command_uint(const struct args *args, enum opt o, unsigned max,
		 unsigned *out, struct err *e);
void command_timing(const struct args *args, struct config *c);
/* --color > NO_COLOR > FORCE_COLOR > known CI > is `fd` a terminal. */
bool command_colour(const struct args *args, int fd);

/* Messages on stderr: "dvr: text". */
void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
void warn(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* One word of a shell's command line, quoted if it needs to be. */
void shell_word(struct slice s, struct buf *out);
/* " --flag WORD" in a command to type; nothing when `value` is NULL. */
void command_flag(const char *flag, const char *value, struct buf *out);

/* A scrubber for replays' output: the configured rules, a key of its own. */
struct scrub *command_scrub(const struct config *c, struct err *e);
/* The one tape that `what` names: its entry, read. `lib` stays the caller's. */
int command_tape(const struct config *c, const char *what, struct tape *t,
		 struct plan *p, char dir[4096], struct err *e);

#endif
