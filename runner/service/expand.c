/* `${NAME}` in a service's command, environment and folder. */
#include <dvr/base/buf.h>
#include <dvr/service/service.h>

#include <stdlib.h>
#include <string.h>

/* More than any command line that the system would take. */
#define EXPANDED_MAX_BYTES (1u * MiB)
#define NAME_MAX_BYTES 128

static bool
is_name(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_' &&
		    (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return s.n > 0 && s.n < NAME_MAX_BYTES;
}

/* `name` is what stands between the braces. */
static int
add_value(struct slice name, const struct env *env, struct buf *out,
	  struct err *e)
{
	char text[NAME_MAX_BYTES], q[QUOTE_MAX];
	const char *value;

	if (!is_name(name))
		return err_set(e, ERR_USAGE, "bad variable '${%s}'; expected "
			       "${NAME}, or $${ for the characters themselves",
			       quote(name, q));
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	value = env_get(env, text);
	if (!value)
		return err_set(e, ERR_USAGE, "unknown variable '${%s}'; it is "
			       "neither in the service's env nor in dvr's own",
			       text);
	buf_adds(out, value);
	return 0;
}

static int
expand_into(struct slice rest, const struct env *env, struct buf *out,
	    struct err *e)
{
	for (ssize_t at; (at = slice_find(rest, SLICE("${"))) >= 0;) {
		struct slice before = slice_range(rest, 0, (size_t)at);

		rest = slice_from(rest, (size_t)at + 2);
		if (slice_ends(before, SLICE("$"))) {
			buf_add(out, before);
			buf_addc(out, '{');
			continue;
		}
		buf_add(out, before);
		if (slice_chr(rest, '}') < 0)
			return err_set(e, ERR_USAGE,
				       "'${' without its closing '}'");
		if (add_value(slice_cut(&rest, '}'), env, out, e) < 0)
			return -1;
	}
	buf_add(out, rest);
	if (!out->full && slice_chr(buf_slice(out), '\0') < 0)
		return 0;
	return err_set(e, ERR_USAGE, "a value is too long, or holds NUL");
}

char *
service_expand(const char *s, const struct env *env, struct err *e)
{
	struct buf out;

	buf_init(&out, EXPANDED_MAX_BYTES);
	if (expand_into(slice_str(s), env, &out, e) == 0) {
		buf_room(&out, 0);	/* a string even when empty */
		return out.p;
	}
	buf_release(&out);
	return NULL;
}
