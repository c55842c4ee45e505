/* Prints replay.yaml as canonical YAML. */
#include <dvr/tape/plan.h>

#include <dvr/base/yaml.h>
#include <dvr/wire/grpc.h>

#include "names.h"
#include "printer.h"

static void
open_item(struct printer *p)
{
	buf_adds(p->out, "  - {");
}

static void
close_item(struct printer *p)
{
	buf_adds(p->out, "}\n");
}

/* A member that must be there, even when it is empty. */
static void
needed_text(struct printer *p, const char *name, struct slice s)
{
	print_member(p, name);
	yaml_put(p->out, s);
}

static void
print_transform(struct printer *p, const struct plan_binding *b)
{
	print_member_text(p, "take", b->take);
	if (b->as != AS_IS)
		print_member_text(p, "as", slice_str(plan_as_names[b->as]));
	if (b->before > 0)
		print_member_uint(p, "before", b->before);
	if (b->after > 0)
		print_member_uint(p, "after", b->after);
}

static void
print_bindings(struct printer *p, const struct plan *plan)
{
	if (plan->nbindings > 0)
		print_open_key(p, "bindings");
	for (size_t i = 0; i < plan->nbindings; i++) {
		open_item(p);
		needed_text(p, "from", plan->bindings[i].from);
		needed_text(p, "to", plan->bindings[i].to);
		print_transform(p, &plan->bindings[i]);
		close_item(p);
	}
}

static void
print_masks(struct printer *p, const struct plan *plan)
{
	if (plan->nmasks > 0)
		print_open_key(p, "masks");
	for (size_t i = 0; i < plan->nmasks; i++) {
		open_item(p);
		needed_text(p, "field", plan->masks[i].field);
		needed_text(p, "reason", plan->masks[i].reason);
		close_item(p);
	}
}

static void
print_pinned_end(struct printer *p, const struct plan_pin *x)
{
	const char *name = grpc_status_name(x->grpc);

	if (x->has_grpc && name != NULL)
		needed_text(p, "grpc", slice_str(name));
	else if (x->has_grpc)
		print_member_uint(p, "grpc", x->grpc);
	if (x->has_close)
		print_member_uint(p, "close", x->close);
}

static void
print_pins(struct printer *p, const struct plan *plan)
{
	if (plan->npins > 0)
		print_open_key(p, "pins");
	for (size_t i = 0; i < plan->npins; i++) {
		const struct plan_pin *x = &plan->pins[i];

		open_item(p);
		print_member_uint(p, "exchange", x->exchange);
		print_member_uint(p, "status", x->status);
		print_pinned_end(p, x);
		if (x->has_body)
			needed_text(p, "body", x->body);
		print_member_text(p, "accepted", x->accepted);
		close_item(p);
	}
}

static void
print_holds(struct printer *p, const struct plan *plan)
{
	if (plan->nholds > 0)
		print_open_key(p, "holds");
	for (size_t i = 0; i < plan->nholds; i++) {
		open_item(p);
		needed_text(p, "event", plan->holds[i].event);
		needed_text(p, "until", plan->holds[i].until);
		close_item(p);
	}
}

static void
print_stub(struct printer *p, const struct plan_stub *x)
{
	p->indent = 4;
	p->dash = true;
	print_text(p, "lane", x->lane);
	print_text(p, "method", x->method);
	print_text(p, "path", x->path);
	print_key_uint(p, "status", x->status);
	if (x->nheaders > 0)
		print_open_key(p, "headers");
	for (size_t i = 0; i < x->nheaders; i++) {
		buf_adds(p->out, "      - ");
		yaml_put(p->out, x->headers[i]);
		print_end_line(p);
	}
	print_text_if(p, "body", x->body);
	p->indent = 0;
}

static void
print_edits(struct printer *p, const struct plan *plan)
{
	if (plan->nedits > 0)
		print_open_key(p, "edits");
	for (size_t i = 0; i < plan->nedits; i++) {
		open_item(p);
		needed_text(p, "field", plan->edits[i].field);
		needed_text(p, "value", plan->edits[i].value);
		print_member_text(p, "since", plan->edits[i].since);
		close_item(p);
	}
}

static void
print_change(struct printer *p, const struct plan_change *x)
{
	open_item(p);
	needed_text(p, "field", x->field);
	switch (x->what) {
	case CHANGE_VALUE:
		needed_text(p, "value", x->value);
		break;
	case CHANGE_GONE:
		print_member(p, "gone");
		buf_adds(p->out, "true");
		break;
	case CHANGE_ADDED:
		print_member(p, "added");
		buf_adds(p->out, "true");
		break;
	}
	print_member_text(p, "accepted", x->accepted);
	close_item(p);
}

static void
print_changes(struct printer *p, const struct plan *plan)
{
	if (plan->nchanges > 0)
		print_open_key(p, "changes");
	for (size_t i = 0; i < plan->nchanges; i++)
		print_change(p, &plan->changes[i]);
}

static void
print_quarantine(struct printer *p, const struct plan_quarantine *q)
{
	if (q->until.n + q->owner.n + q->reason.n + q->link.n == 0)
		return;
	print_key(p, "quarantine");
	buf_addc(p->out, '{');
	print_member_text(p, "until", q->until);
	print_member_text(p, "owner", q->owner);
	print_member_text(p, "reason", q->reason);
	print_member_text(p, "link", q->link);
	buf_adds(p->out, "}\n");
}

void
plan_print(const struct plan *plan, struct buf *out)
{
	struct printer p = { .out = out };

	print_text(&p, "expect", slice_str(expect_names[plan->expect]));
	if (plan->of > 0) {
		print_key(&p, "reproduces");
		buf_addc(out, '{');
		print_member_uint(&p, "hits", plan->hits);
		print_member_uint(&p, "of", plan->of);
		if (plan->alone_told)
			print_member_uint(&p, "timing_alone", plan->alone);
		print_member_text(&p, "timing", plan->timing);
		print_member_text(&p, "interval", plan->interval);
		print_member_text(&p, "tape", plan->proof);
		buf_adds(out, "}\n");
	}
	print_quarantine(&p, &plan->quarantine);
	print_bindings(&p, plan);
	print_masks(&p, plan);
	print_pins(&p, plan);
	print_holds(&p, plan);
	if (plan->nstubs > 0)
		print_open_key(&p, "stubs");
	for (size_t i = 0; i < plan->nstubs; i++)
		print_stub(&p, &plan->stubs[i]);
	print_edits(&p, plan);
	print_changes(&p, plan);
}
