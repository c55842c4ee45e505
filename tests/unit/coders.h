/* Bodies in a content coding, for what undoes them. */
#ifndef TESTS_CODERS_H
#define TESTS_CODERS_H

#include <dvr/base/buf.h>

enum { CODE_ZLIB = 15, CODE_GZIP = 15 + 16, CODE_RAW = -15 };

/* `window` is one of these, or another that zlib knows. */
void code_deflate(struct slice in, int window, struct buf *out);
void code_brotli(struct slice in, struct buf *out);
void code_zstd(struct slice in, struct buf *out);

#endif
