/*
 * Where a tape is replayed: a network, mocks, and a service started in it.  A
 * stage is opened before the replay that needs it (then its service starts
 * while another tape replays), and with `reset` it serves one after the other.
 */
#ifndef REPLAY_STAGE_H
#define REPLAY_STAGE_H

#include "attempt.h"
#include "believe.h"
#include "credentials.h"
#include "surroundings.h"

#include <dvr/base/fs.h>

struct stage {
	const struct trial_config *cfg;
	char *id;			/* of the tape that it was opened for */
	bool stateless;			/* nothing in it is of that tape */
	bool files;			/* stores in files are */
	struct loop *loop;
	struct surroundings around;
	struct belief belief;
	struct mocks *mocks;
	struct credentials credentials;	/* of the tape it was loaded with */
	struct env *env;
	struct env *told;		/* the part of it that a service behind
					 * --target should have; NULL: ours */
	struct service *service;
	struct replay *replay;		/* its user's: told of the service's
					 * end; NULL: none */
	char url[64];			/* of the service */
	char state_dir[FS_PATH_MAX];	/* "": the service makes its own */
};

/* Starts what `how` needs.  *out is valid (to tell from, to close) also after
 * a failure, but NULL when there is no loop. */
int stage_open(const struct attempt *how, struct stage **out, struct err *e);
/* Waits until the service is ready and the recorded time has come. */
int stage_ready(struct stage *s, struct err *e);
/* What an engine in it needs to know; `trust` is for o->trust. */
void stage_options(const struct stage *s, struct tls_trust_config *trust,
		   struct replay_options *o);
/* Could a stage that nobody has used yet serve this attempt? */
bool stage_fits(const struct stage *s, const struct attempt *how);
/* Such a stage is for this attempt now. */
int stage_take(struct stage *s, const struct attempt *how, struct err *e);
/* May the service be reset for this attempt, or why is it started anew?  NULL:
 * it may. */
const char *stage_no_reset(const struct stage *s, const struct attempt *how);
/* Resets the service and loads the attempt's tape. */
int stage_reset(struct stage *s, const struct attempt *how, struct err *e);
/* What stands beside a service behind --target stays, at the same URLs, and is
 * of this attempt now. */
int stage_again(struct stage *s, const struct attempt *how, struct err *e);
/* Takes NULL. */
void stage_close(struct stage *s);

#endif
