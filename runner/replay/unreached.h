/* What a service in an isolation wanted and did not get. */
#ifndef REPLAY_UNREACHED_H
#define REPLAY_UNREACHED_H

#include <dvr/replay/trial.h>

/* Notes about names and addresses, at most. */
#define UNREACHED_NOTES 14

/*
 * Writes notes into `notes` (room for UNREACHED_NOTES) and returns how many;
 * where a miss is an error, seen->unreached gets what is not allowed.  Raw.
 * `service` may be NULL.
 */
size_t unreached_tell(const struct trial_config *cfg, struct isolation *in,
		      const struct service *service, struct observed *seen,
		      struct slice *notes);
/* Does an entry of the configuration mean this name or "address:port"? */
bool unreached_matches(struct slice entry, struct slice wanted);

#endif
