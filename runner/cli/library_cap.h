/* Is the library larger than it may be, and which tapes could go? */
#ifndef CLI_LIBRARY_CAP_H
#define CLI_LIBRARY_CAP_H

#include "config.h"

/* One line on stderr when it is; nothing else. */
void library_cap_tell(const struct config *c);

#endif
