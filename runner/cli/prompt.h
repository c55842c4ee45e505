/* Lines that a person (or a script on stdin) writes at a prompt. */
#ifndef CLI_PROMPT_H
#define CLI_PROMPT_H

#include <dvr/net/loop.h>

struct prompt;

/* `l` runs while nobody writes. */
struct prompt *prompt_create(struct loop *l);
/* The next line without its end, valid until the next call; NULL at the end of
 * the input. */
const char *prompt_line(struct prompt *p);
/* Takes NULL. */
void prompt_destroy(struct prompt *p);

#endif
