/* A rig whose proxy records into a ledger with fixtures of its own. */
#ifndef TESTS_PROXY_RECORDER_H
#define TESTS_PROXY_RECORDER_H

#include "proxy_rig.h"

#include <dvr/base/fs.h>
#include <dvr/tape/yaml.h>

struct recorder {
	struct rig rig;
	struct loop *loop;
	struct ledger *ledger;
	struct scrub *scrub;
	char fixtures[FS_PATH_MAX];
};

/* One connection is there; the ledger triggers on 5xx and exceptions. */
void recorder_open(struct recorder *r, bool rewrite_host);
void recorder_close(struct recorder *r);
/* Waits for the commit and reads the one tape there is. */
void recorder_tape(struct recorder *r, struct tape *out);

#endif
