/* Writers of what was decoded into a piece of its own, by its coding. */
#include "job.h"

static void
encode_base64(enum field_kind kind, struct slice value, struct buf *out)
{
	(void)kind;
	nest_wrap(NEST_BASE64, value, out);
}

static void
encode_base64_bare(enum field_kind kind, struct slice value, struct buf *out)
{
	(void)kind;
	nest_wrap(NEST_BASE64_BARE, value, out);
}

static void
encode_base64url(enum field_kind kind, struct slice value, struct buf *out)
{
	(void)kind;
	nest_wrap(NEST_BASE64URL, value, out);
}

static void
encode_base64url_padded(enum field_kind kind, struct slice value,
			struct buf *out)
{
	(void)kind;
	nest_wrap(NEST_BASE64URL_PADDED, value, out);
}

static void
encode_hex(enum field_kind kind, struct slice value, struct buf *out)
{
	(void)kind;
	nest_wrap(NEST_HEX, value, out);
}

static void
encode_hex_upper(enum field_kind kind, struct slice value, struct buf *out)
{
	(void)kind;
	nest_wrap(NEST_HEX_UPPER, value, out);
}

static void
encode_percent(enum field_kind kind, struct slice value, struct buf *out)
{
	(void)kind;
	nest_wrap(NEST_PERCENT, value, out);
}

static void
encode_plain(enum field_kind kind, struct slice value, struct buf *out)
{
	(void)kind;
	buf_add(out, value);
}

static encode_fn *const encoders[] = {
	[NEST_PLAIN] = encode_plain, [NEST_BASE64] = encode_base64,
	[NEST_BASE64_BARE] = encode_base64_bare,
	[NEST_BASE64URL] = encode_base64url,
	[NEST_BASE64URL_PADDED] = encode_base64url_padded,
	[NEST_PERCENT] = encode_percent,
	[NEST_HEX] = encode_hex, [NEST_HEX_UPPER] = encode_hex_upper,
};

encode_fn *
job_encoder(enum nest_coding coding)
{
	return encoders[coding];
}
