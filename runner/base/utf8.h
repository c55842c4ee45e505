/* One step of a UTF-8 decoder, shared by slice.c and err.c. */
#ifndef DVR_BASE_UTF8_PRIVATE_H
#define DVR_BASE_UTF8_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decodes one code point of at most `n` bytes (RFC 3629: no surrogates, no
 * overlongs).  Returns its length and *code, or 0 when it is malformed.
 */
size_t utf8_step(const char *p, size_t n, uint32_t *code);

#endif
