/* Prints the pieces of which tapes and plans are made: keys and values. */
#include "printer.h"

#include <dvr/base/clock.h>
#include <dvr/base/yaml.h>

void
print_uint(struct buf *out, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	buf_add(out, slice_of(digits + at, sizeof(digits) - at));
}

/* Seconds with six decimals. */
void
print_time(struct buf *out, int64_t us)
{
	uint64_t v = us < 0 ? 0 : (uint64_t)us;
	char part[7];

	print_uint(out, v / US_PER_S);
	v %= US_PER_S;
	part[0] = '.';
	for (size_t i = 6; i > 0; i--) {
		part[i] = (char)('0' + v % 10);
		v /= 10;
	}
	buf_add(out, slice_of(part, sizeof(part)));
}

void
print_indent(struct printer *p)
{
	static const char spaces[] = "            ";
	size_t n = p->dash ? p->indent - 2 : p->indent;

	buf_add(p->out, slice_of(spaces, n));
	if (p->dash)
		buf_adds(p->out, "- ");
	p->dash = false;
}

void
print_key(struct printer *p, const char *name)
{
	print_indent(p);
	buf_adds(p->out, name);
	buf_adds(p->out, ": ");
}

void
print_end_line(struct printer *p)
{
	buf_addc(p->out, '\n');
}

/* A key whose value follows on the next lines. */
void
print_open_key(struct printer *p, const char *name)
{
	print_indent(p);
	buf_adds(p->out, name);
	buf_adds(p->out, ":\n");
}

void
print_text(struct printer *p, const char *name, struct slice s)
{
	print_key(p, name);
	yaml_put(p->out, s);
	print_end_line(p);
}

void
print_text_if(struct printer *p, const char *name, struct slice s)
{
	if (s.n > 0)
		print_text(p, name, s);
}

void
print_key_uint(struct printer *p, const char *name, uint64_t v)
{
	print_key(p, name);
	print_uint(p->out, v);
	print_end_line(p);
}

void
print_key_time(struct printer *p, const char *name, int64_t us)
{
	print_key(p, name);
	print_time(p->out, us);
	print_end_line(p);
}

/* A member of a map on one line: ", name: value", each only when there. */
void
print_member(struct printer *p, const char *name)
{
	if (p->out->n > 0 && p->out->p[p->out->n - 1] != '{')
		buf_adds(p->out, ", ");
	buf_adds(p->out, name);
	buf_adds(p->out, ": ");
}

void
print_member_text(struct printer *p, const char *name, struct slice s)
{
	if (s.n == 0)
		return;
	print_member(p, name);
	yaml_put(p->out, s);
}

void
print_member_uint(struct printer *p, const char *name, uint64_t v)
{
	print_member(p, name);
	print_uint(p->out, v);
}
