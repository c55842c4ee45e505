/* Reads replay.yaml's text strictly. */
#include <dvr/tape/plan.h>

#include <dvr/base/yaml.h>
#include <dvr/wire/grpc.h>

#include "names.h"
#include "plan_values.h"

#include <stddef.h>

/* ---- values ---------------------------------------------------------- */

/* "2.resp": an exchange's request or answer. */
static int
read_event(struct reader *r, const struct yaml_node *n, void *out)
{
	struct slice side, id;
	uint64_t number;
	char q[QUOTE_MAX];

	if (reader_text(r, n, out) < 0)
		return -1;
	side = n->text;
	id = slice_cut(&side, '.');
	if (slice_uint(id, UINT32_MAX, &number) == 0 && number > 0 &&
	    (slice_eq(side, SLICE("req")) || slice_eq(side, SLICE("resp"))))
		return 0;
	return reader_fail(r, n,
			   "bad event '%s'; expected N.req or N.resp, as "
			   "2.resp",
			   quote(n->text, q));
}

/* ---- the lists ------------------------------------------------------- */

/* Part of a value; what is in the names is for the replay to find. */
static int
read_take(struct reader *r, const struct yaml_node *n, void *out)
{
	struct slice name = n->text, kind;
	char q[QUOTE_MAX];
	uint64_t i;

	if (reader_text(r, n, out) < 0)
		return -1;
	kind = slice_cut(&name, '/');
	if (slice_eq(n->text, SLICE("decoded")) ||
	    (slice_eq(kind, SLICE("path")) &&
	     slice_uint(name, UINT32_MAX, &i) == 0) ||
	    ((slice_eq(kind, SLICE("query")) ||
	      slice_eq(kind, SLICE("claim"))) && name.n > 0))
		return 0;
	return reader_fail(r, n,
			   "bad take '%s'; expected path/N, query/NAME, "
			   "claim/NAME or decoded",
			   quote(n->text, q));
}

static int
read_as(struct reader *r, const struct yaml_node *n, void *out)
{
	size_t i;

	if (reader_word(r, n, plan_as_names, &i) < 0)
		return -1;
	*(enum plan_as *)out = (enum plan_as)i;
	return 0;
}

#define AT(member) offsetof(struct plan_binding, member)
static const struct row binding_rows[] = {
	{ "from", plan_value_place, AT(from), true },
	{ "to", plan_value_place, AT(to), true },
	{ "take", read_take, AT(take), false },
	{ "as", read_as, AT(as), false },
	{ "before", reader_u32, AT(before), false },
	{ "after", reader_u32, AT(after), false },
};
#undef AT

static int
read_binding(struct reader *r, const struct yaml_node *n, void *out)
{
	struct plan_binding *b = out;

	b->line = n->line;
	return reader_map(r, n, binding_rows, ARRAY_LEN(binding_rows), out);
}

static int
read_bindings(struct reader *r, const struct yaml_node *n, void *out)
{
	static const struct reader_list what = {
		.size = sizeof(struct plan_binding), .read = read_binding
	};
	struct plan *p = out;
	void *v;

	if (plan_value_list(r, n, &what, &v, &p->nbindings) < 0)
		return -1;
	p->bindings = v;
	return 0;
}

static const struct row mask_rows[] = {
	{ "field", plan_value_name, offsetof(struct plan_mask, field), true },
	{ "reason", plan_value_name, offsetof(struct plan_mask, reason), true },
};

static int
read_mask(struct reader *r, const struct yaml_node *n, void *out)
{
	return reader_map(r, n, mask_rows, ARRAY_LEN(mask_rows), out);
}

static int
read_masks(struct reader *r, const struct yaml_node *n, void *out)
{
	static const struct reader_list what = {
		.size = sizeof(struct plan_mask), .read = read_mask
	};
	struct plan *p = out;
	void *v;

	if (plan_value_list(r, n, &what, &v, &p->nmasks) < 0)
		return -1;
	p->masks = v;
	return 0;
}

static int
read_grpc(struct reader *r, const struct yaml_node *n, void *out)
{
	char q[QUOTE_MAX];
	uint64_t v;

	if (n->kind == YAML_SCALAR && grpc_status_parse(n->text, out) == 0)
		return 0;
	/* A number that has no name is an answer, too. */
	if (n->kind == YAML_SCALAR &&
	    slice_uint(n->text, UINT16_MAX, &v) == 0) {
		*(unsigned *)out = (unsigned)v;
		return 0;
	}
	return reader_fail(r, n, "bad gRPC status '%s'; expected a name as "
			   "NOT_FOUND, or its number", quote(n->text, q));
}

static int
read_close(struct reader *r, const struct yaml_node *n, void *out)
{
	uint64_t v;

	if (reader_number(r, n, UINT16_MAX, &v) < 0)
		return -1;
	*(unsigned *)out = (unsigned)v;
	return 0;
}

#define AT(member) offsetof(struct plan_pin, member)
static const struct row pin_rows[] = {
	{ "exchange", reader_u32, AT(exchange), true },
	{ "status", reader_status, AT(status), true },
	{ "grpc", read_grpc, AT(grpc), false },
	{ "close", read_close, AT(close), false },
	{ "body", reader_text, AT(body), false },
	{ "accepted", plan_value_date, AT(accepted), false },
};
#undef AT

static int
read_pin(struct reader *r, const struct yaml_node *n, void *out)
{
	struct plan_pin *pin = out;

	if (reader_map(r, n, pin_rows, ARRAY_LEN(pin_rows), out) < 0)
		return -1;
	pin->has_body = yaml_get(n, "body") != NULL;
	pin->has_grpc = yaml_get(n, "grpc") != NULL;
	pin->has_close = yaml_get(n, "close") != NULL;
	return 0;
}

static int
read_pins(struct reader *r, const struct yaml_node *n, void *out)
{
	static const struct reader_list what = {
		.size = sizeof(struct plan_pin), .read = read_pin
	};
	struct plan *p = out;
	void *v;

	if (plan_value_list(r, n, &what, &v, &p->npins) < 0)
		return -1;
	p->pins = v;
	return 0;
}

static const struct row hold_rows[] = {
	{ "event", read_event, offsetof(struct plan_hold, event), true },
	{ "until", read_event, offsetof(struct plan_hold, until), true },
};

static int
read_hold(struct reader *r, const struct yaml_node *n, void *out)
{
	return reader_map(r, n, hold_rows, ARRAY_LEN(hold_rows), out);
}

static int
read_holds(struct reader *r, const struct yaml_node *n, void *out)
{
	static const struct reader_list what = {
		.size = sizeof(struct plan_hold), .read = read_hold
	};
	struct plan *p = out;
	void *v;

	if (plan_value_list(r, n, &what, &v, &p->nholds) < 0)
		return -1;
	p->holds = v;
	return 0;
}

static int
read_header_line(struct reader *r, const struct yaml_node *n, void *out)
{
	char q[QUOTE_MAX];

	if (reader_text(r, n, out) < 0)
		return -1;
	if (slice_chr(n->text, ':') < 1)
		return reader_fail(r, n,
				   "bad header '%s'; expected "
				   "'Name: value'",
				   quote(n->text, q));
	return 0;
}

static int
read_stub_headers(struct reader *r, const struct yaml_node *n, void *out)
{
	static const struct reader_list what = { .size = sizeof(struct slice),
						 .read = read_header_line };
	struct plan_stub *x = out;
	void *v;

	if (plan_value_list(r, n, &what, &v, &x->nheaders) < 0)
		return -1;
	x->headers = v;
	return 0;
}

/* RFC 9110 §5.6.2: a token. */
static int
read_method(struct reader *r, const struct yaml_node *n, void *out)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";
	char q[QUOTE_MAX];

	if (reader_text(r, n, out) < 0)
		return -1;
	for (size_t i = 0; i < n->text.n; i++) {
		char c = n->text.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || (c && strchr(marks, c)))
			continue;
		return reader_fail(r, n, "bad method '%s'; expected one such "
				   "as GET or POST", quote(n->text, q));
	}
	return plan_value_name(r, n, out);
}

static int
read_stub_path(struct reader *r, const struct yaml_node *n, void *out)
{
	char q[QUOTE_MAX];

	if (reader_text(r, n, out) < 0)
		return -1;
	if (slice_starts(n->text, SLICE("/")) && slice_chr(n->text, ' ') < 0)
		return 0;
	return reader_fail(r, n, "bad path '%s'; expected it as it stands in a "
			   "request line, as /stock/7 or /stock?sku=tea",
			   quote(n->text, q));
}

#define AT(member) offsetof(struct plan_stub, member)
static const struct row stub_rows[] = {
	{ "lane", plan_value_name, AT(lane), true },
	{ "method", read_method, AT(method), true },
	{ "path", read_stub_path, AT(path), true },
	{ "status", reader_status, AT(status), true },
	{ "headers", read_stub_headers, 0, false },
	{ "body", reader_text, AT(body), false },
};
#undef AT

static int
read_stub(struct reader *r, const struct yaml_node *n, void *out)
{
	struct plan_stub *x = out;

	x->line = n->line;
	return reader_map(r, n, stub_rows, ARRAY_LEN(stub_rows), out);
}

static int
read_stubs(struct reader *r, const struct yaml_node *n, void *out)
{
	static const struct reader_list what = {
		.size = sizeof(struct plan_stub), .read = read_stub
	};
	struct plan *p = out;
	void *v;

	if (plan_value_list(r, n, &what, &v, &p->nstubs) < 0)
		return -1;
	p->stubs = v;
	return 0;
}

/* ---- the whole ------------------------------------------------------- */

static int
read_expect(struct reader *r, const struct yaml_node *n, void *out)
{
	size_t i;

	if (reader_word(r, n, expect_names, &i) < 0)
		return -1;
	*(enum expect *)out = (enum expect)i;
	return 0;
}

static int
read_alone(struct reader *r, const struct yaml_node *n, void *out)
{
	struct plan *p = out;

	p->alone_told = true;
	return reader_u32(r, n, &p->alone);
}

static const struct row reproduces_rows[] = {
	{ "hits", reader_u32, offsetof(struct plan, hits), true },
	{ "of", reader_u32, offsetof(struct plan, of), true },
	{ "timing_alone", read_alone, 0, false },
	{ "timing", reader_text, offsetof(struct plan, timing), false },
	{ "interval", reader_text, offsetof(struct plan, interval), false },
	{ "tape", reader_text, offsetof(struct plan, proof), false },
};

static int
read_reproduces(struct reader *r, const struct yaml_node *n, void *out)
{
	const struct plan *p = out;

	if (reader_map(r, n, reproduces_rows, ARRAY_LEN(reproduces_rows), out) <
	    0)
		return -1;
	if (p->hits > p->of || p->alone > p->of)
		return reader_fail(r, n,
				   "%u hits of %u; expected no more hits "
				   "than replays",
				   p->hits > p->of ? p->hits : p->alone,
				   p->of);
	return 0;
}

#define AT(member) offsetof(struct plan_quarantine, member)
static const struct row quarantine_rows[] = {
	{ "until", plan_value_date, AT(until), true },
	{ "owner", reader_text, AT(owner), false },
	{ "reason", reader_text, AT(reason), false },
	{ "link", reader_text, AT(link), false },
};
#undef AT

static int
read_quarantine(struct reader *r, const struct yaml_node *n, void *out)
{
	return reader_map(r, n, quarantine_rows, ARRAY_LEN(quarantine_rows),
			  out);
}

static const struct row plan_rows[] = {
	{ "expect", read_expect, offsetof(struct plan, expect), false },
	{ "reproduces", read_reproduces, 0, false },
	{ "quarantine", read_quarantine, offsetof(struct plan, quarantine),
	  false },
	{ "bindings", read_bindings, 0, false },
	{ "masks", read_masks, 0, false },
	{ "pins", read_pins, 0, false },
	{ "holds", read_holds, 0, false },
	{ "stubs", read_stubs, 0, false },
	{ "edits", plan_value_edits, 0, false },
	{ "changes", plan_value_changes, 0, false },
};

int
plan_read(struct arena *a, const char *name, struct slice text,
	  struct plan *out, struct err *e)
{
	struct plan p = { .expect = EXPECT_FIXED };
	struct yaml_doc doc;
	struct reader r = { .doc = &doc, .a = a, .e = e };

	if (yaml_parse(a, name, text, ERR_TAPE, &doc, e) < 0)
		return -1;
	if (doc.root &&
	    reader_map(&r, doc.root, plan_rows, ARRAY_LEN(plan_rows), &p) < 0)
		return -1;
	if (p.expect == EXPECT_QUARANTINED && p.quarantine.until.n == 0)
		return reader_fail(&r, yaml_get(doc.root, "expect"),
				   "quarantined without an end; expected "
				   "quarantine: {until: YYYY-MM-DD}");
	*out = p;
	return 0;
}
