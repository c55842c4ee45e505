/* Header fields as nghttp2 takes them. */
#ifndef REPLAY_H2_FIELDS_H
#define REPLAY_H2_FIELDS_H

#include <dvr/tape/tape.h>

#include <nghttp2/nghttp2.h>

/* To be freed; borrows the texts. */
nghttp2_nv *h2_fields(const struct headers *h);
/* 0, or what nghttp2 says. */
int h2_submit_trailers(nghttp2_session *s, int32_t stream,
		       const struct headers *h);

#endif
