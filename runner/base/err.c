/* One-line errors with a code, and user data made safe to stand in them. */
#include <dvr/base/err.h>

#include "utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char cut[] = "...";

/* Ends a message that did not fit in "...", not in the midst of a code point. */
static void
mark_cut(char *msg, size_t size)
{
	size_t at = size - sizeof(cut);

	while (at > 0 && ((unsigned char)msg[at] & 0xc0) == 0x80)
		at--;
	memcpy(msg + at, cut, sizeof(cut));
}

static void PRINTF_LIKE(2, 0)
put(struct err *e, const char *fmt, va_list args)
{
	int n = vsnprintf(e->msg, sizeof(e->msg), fmt, args);

	if (n < 0)
		e->msg[0] = '\0';
	else if ((size_t)n >= sizeof(e->msg))
		mark_cut(e->msg, sizeof(e->msg));
}

/* Puts `text` behind the message that is there. */
static void
append(struct err *e, const char *text)
{
	size_t n = strlen(e->msg), room = sizeof(e->msg) - n;
	size_t more = strlen(text);

	if (more < room) {
		memcpy(e->msg + n, text, more + 1);
		return;
	}
	memcpy(e->msg + n, text, room - 1);
	e->msg[sizeof(e->msg) - 1] = '\0';
	mark_cut(e->msg, sizeof(e->msg));
}

int
err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list args;

	if (!e)
		return -1;
	e->code = code;
	va_start(args, fmt);
	put(e, fmt, args);
	va_end(args);
	return -1;
}

int
err_sys(struct err *e, enum err_code code, const char *fmt, ...)
{
	int saved = errno;
	va_list args;

	if (!e)
		return -1;
	e->code = code;
	va_start(args, fmt);
	put(e, fmt, args);
	va_end(args);
	append(e, ": ");
	append(e, strerror(saved));
	errno = saved;
	return -1;
}

int
err_prefix(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->msg)];
	va_list args;

	if (!e)
		return -1;
	memcpy(old, e->msg, sizeof(old));
	va_start(args, fmt);
	put(e, fmt, args);
	va_end(args);
	append(e, ": ");
	append(e, old);
	return -1;
}

const char *
quote(struct slice s, char out[QUOTE_MAX])
{
	static const char hex[] = "0123456789abcdef";
	const size_t room = QUOTE_MAX - sizeof(cut);
	size_t n = 0;

	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		uint32_t code = 0;
		size_t len = utf8_step(s.p + i, s.n - i, &code);
		bool plain = len > 0 && code >= 0x20 && code != '\'' &&
			(code < 0x7f || code > 0x9f);
		size_t width = plain ? len : 4;

		if (n + width > room) {
			memcpy(out + n, cut, sizeof(cut) - 1);
			n += sizeof(cut) - 1;
			break;
		}
		if (plain) {
			memcpy(out + n, s.p + i, len);
			i += len;
		} else {
			memcpy(out + n, "\\x", 2);
			out[n + 2] = hex[c >> 4];
			out[n + 3] = hex[c & 15];
			i++;
		}
		n += width;
	}
	out[n] = '\0';
	return out;
}
