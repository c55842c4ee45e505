/* Sentences collected on the way. */
#include "notes.h"

#include <stdarg.h>
#include <stdio.h>

void
notes_add(struct notes *n, struct slice text)
{
	if (n->n == NOTES_MAX) {
		n->lost++;
		return;
	}
	n->v[n->n++] = arena_copy(n->arena, text);
}

void
notes_fmt(struct notes *n, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof(text))
		len = (int)sizeof(text) - 1;
	notes_add(n, slice_of(text, (size_t)len));
}
