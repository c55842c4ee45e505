/* Header fields as nghttp2 takes them. */
#include "h2_fields.h"

#include <dvr/base/mem.h>

#include <stdlib.h>

/* nghttp2 copies what it is given and changes nothing of it. */
static uint8_t *
bytes_of(struct slice s)
{
	union {
		const char *in;
		uint8_t *out;
	} p = { .in = s.p };

	return p.out;
}

nghttp2_nv *
h2_fields(const struct headers *h)
{
	nghttp2_nv *v = mem_array(h->n + 1, sizeof(*v));

	for (size_t i = 0; i < h->n; i++)
		v[i] = (nghttp2_nv){
			.name = bytes_of(h->v[i].name),
			.namelen = h->v[i].name.n,
			.value = bytes_of(h->v[i].value),
			.valuelen = h->v[i].value.n };
	return v;
}

int
h2_submit_trailers(nghttp2_session *s, int32_t stream, const struct headers *h)
{
	nghttp2_nv *v = h2_fields(h);
	int rc = nghttp2_submit_trailer(s, stream, v, h->n);

	free(v);
	return rc;
}
