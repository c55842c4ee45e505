/* One value of a row as it stands in a dump. */
#ifndef STATE_SQLITE_VALUE_H
#define STATE_SQLITE_VALUE_H

#include <dvr/base/buf.h>

#include <sqlite3.h>

/* Valid until the statement's next step. */
struct slice sqlite_text(sqlite3_stmt *q, int i);
void sqlite_put_value(struct buf *out, sqlite3_stmt *q, int i);

#endif
