/* Reads what `dvr update` writes into replay.yaml: edits and changes. */
#include "plan_values.h"

#include <dvr/field/field.h>
#include <dvr/tape/plan.h>

#include <stddef.h>

/* "1.req.body#/currency": what of a request may be said otherwise. */
static int
read_request_place(struct reader *r, const struct yaml_node *n, void *out)
{
	struct place p;
	char q[QUOTE_MAX];

	if (plan_value_place(r, n, out) < 0)
		return -1;
	if (place_parse(n->text, &p) == 0 && p.side == PLACE_REQUEST &&
	    p.part != PLACE_STATUS && p.part != PLACE_METHOD && p.name.n > 0)
		return 0;
	return reader_fail(r, n, "an edit of '%s'; expected a field of a "
			   "request, as 1.req.body#/currency",
			   quote(n->text, q));
}

#define AT(member) offsetof(struct plan_edit, member)
static const struct row edit_rows[] = {
	{ "field", read_request_place, AT(field), true },
	{ "value", reader_text, AT(value), true },
	{ "since", plan_value_date, AT(since), false },
};
#undef AT

static int
read_edit(struct reader *r, const struct yaml_node *n, void *out)
{
	struct plan_edit *x = out;

	x->line = n->line;
	return reader_map(r, n, edit_rows, ARRAY_LEN(edit_rows), out);
}

int
plan_value_edits(struct reader *r, const struct yaml_node *n, void *out)
{
	static const struct reader_list what = {
		.size = sizeof(struct plan_edit), .read = read_edit
	};
	struct plan *p = out;
	void *v;

	if (plan_value_list(r, n, &what, &v, &p->nedits) < 0)
		return -1;
	p->edits = v;
	return 0;
}

/* A place of answers, '*' allowed. */
static int
read_answer_place(struct reader *r, const struct yaml_node *n, void *out)
{
	struct place p;
	char q[QUOTE_MAX];

	if (plan_value_name(r, n, out) < 0)
		return -1;
	if (place_parse(n->text, &p) == 0 && p.side == PLACE_RESPONSE)
		return 0;
	return reader_fail(r, n, "a change of '%s'; expected a field of an "
			   "answer, as 3.resp.body#/total",
			   quote(n->text, q));
}

static int
read_value(struct reader *r, const struct yaml_node *n, void *out)
{
	struct plan_change *x = out;

	x->what = CHANGE_VALUE;
	return reader_text(r, n, &x->value);
}

static int
read_gone(struct reader *r, const struct yaml_node *n, void *out)
{
	struct plan_change *x = out;
	bool yes;

	x->what = CHANGE_GONE;
	return reader_true(r, n, &yes);
}

static int
read_added(struct reader *r, const struct yaml_node *n, void *out)
{
	struct plan_change *x = out;
	bool yes;

	x->what = CHANGE_ADDED;
	return reader_true(r, n, &yes);
}

static const struct row change_rows[] = {
	{ "field", read_answer_place, offsetof(struct plan_change, field),
	  true },
	{ "value", read_value, 0, false },
	{ "gone", read_gone, 0, false },
	{ "added", read_added, 0, false },
	{ "accepted", plan_value_date, offsetof(struct plan_change, accepted),
	  false },
};

static int
read_change(struct reader *r, const struct yaml_node *n, void *out)
{
	int said;

	if (reader_map(r, n, change_rows, ARRAY_LEN(change_rows), out) < 0)
		return -1;
	said = !!yaml_get(n, "value") + !!yaml_get(n, "gone") +
	       !!yaml_get(n, "added");
	if (said != 1)
		return reader_fail(r, n, "%s of 'value', 'gone' and 'added'; "
				   "expected one", said ? "several" : "none");
	return 0;
}

int
plan_value_changes(struct reader *r, const struct yaml_node *n, void *out)
{
	static const struct reader_list what = {
		.size = sizeof(struct plan_change), .read = read_change
	};
	struct plan *p = out;
	void *v;

	if (plan_value_list(r, n, &what, &v, &p->nchanges) < 0)
		return -1;
	p->changes = v;
	return 0;
}
