/* What is staged in git, looked through for secrets before it is committed. */
#ifndef CLI_AUDIT_STAGED_H
#define CLI_AUDIT_STAGED_H

#include "audit.h"

/*
 * Files as they stand in git's index, whatever the work tree holds: those that
 * a commit would change, and with one file of a tape all of that tape.  `paths`
 * (may be none) narrow it, as git reads them.  Findings name files from the
 * repository's root.  ERR_USAGE where there is no repository.
 */
int audit_staged(struct audit *a, const char *const *paths, size_t n,
		 struct err *e);

#endif
