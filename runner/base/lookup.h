/* Commands by name, as execvp(3) looks for them. */
#ifndef DVR_BASE_LOOKUP_H
#define DVR_BASE_LOOKUP_H

#include <stdbool.h>

/*
 * Whether a file of that name stands in some folder of this process's PATH,
 * be it executable or not.  Folders that may not be entered hold nothing.  A
 * name with a slash is a path already, and always true.
 */
bool command_stands_on_path(const char *name);

#endif
