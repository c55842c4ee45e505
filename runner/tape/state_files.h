/* The files of a tape's state, beside tape.yaml in its folder. */
#ifndef DVR_TAPE_STATE_FILES_PRIVATE_H
#define DVR_TAPE_STATE_FILES_PRIVATE_H

#include <dvr/tape/tape.h>

/* Makes `state/` below the folder that nobody sees yet, all on the disk. */
int state_files_write(int dir, const struct tape *t, struct err *e);
/* Reads what the text has named, checked by size and hash; no links. */
int state_files_read(int dir, struct tape *t, struct err *e);

#endif
