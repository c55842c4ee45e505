/* Prints the messages of a gRPC call or of a WebSocket, one a line. */
#include "printer.h"

#include <dvr/base/yaml.h>

#include "names.h"

static void
put_payload(struct printer *p, struct slice s)
{
	if (s.n == 0 || p->lines_only)
		return;
	print_member(p, "body");
	if (s.n <= TAPE_INLINE_BINARY)
		yaml_put(p->out, s);
	else
		print_payload(p, s);
}

static void
put_one(struct printer *p, const struct stream_message *m)
{
	print_indent(p);
	buf_addc(p->out, '{');
	print_member_text(p, "from", slice_str(sender_names[m->from]));
	print_member(p, "at");
	print_time(p->out, m->at_us);
	if (m->end_us != m->at_us) {
		print_member(p, "end");
		print_time(p->out, m->end_us);
	}
	if (m->kind != STREAM_PLAIN)
		print_member_text(p, "kind",
				  slice_str(stream_kind_names[m->kind]));
	if (m->code > 0)
		print_member_uint(p, "code", m->code);
	print_member_text(p, "decoded", m->decoded);
	print_member_text(p, "withheld", m->withheld);
	if (m->bytes != m->payload.n)
		print_member_uint(p, "bytes", m->bytes);
	put_payload(p, m->payload);
	buf_addc(p->out, '}');
	print_end_line(p);
}

void
print_messages(struct printer *p, const struct exchange *x)
{
	if (x->nmessages == 0)
		return;
	print_open_key(p, "messages");
	p->indent += 4;
	for (size_t i = 0; i < x->nmessages; i++) {
		p->dash = true;
		put_one(p, &x->messages[i]);
	}
	p->indent -= 4;
}
