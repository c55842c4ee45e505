/* A replay's exchanges on a terminal, and the fields that differ. */
#include "terminal.h"

/* Widest outcome column; "connection reset in a 200" is cut. */
#define OUTCOME_MAX 20
/* Exchanges of a tape; of more only those that are not as on the tape. */
#define CASES_SHOWN 60

/* Widths of the columns of one replay's cases. */
struct widths {
	size_t name, want, got;
};

static size_t
max_width(size_t have, struct slice text)
{
	size_t n = screen_width(text);

	return n > have ? n : have;
}

static struct widths
measure(const struct screen *s, const struct replay_result *r)
{
	struct widths w = { NAME_MIN, 3, 3 };
	size_t room;

	for (size_t i = 0; i < r->ncases; i++) {
		w.name = max_width(w.name, r->cases[i].name);
		w.want = max_width(w.want, r->cases[i].want);
		w.got = max_width(w.got, r->cases[i].got);
	}
	w.want = w.want > OUTCOME_MAX ? OUTCOME_MAX : w.want;
	w.got = w.got > OUTCOME_MAX ? OUTCOME_MAX : w.got;
	/* "    ✗   5  NAME  WANT → GOT  0.003 s" */
	room = screen_columns(s) - 26 - w.want - w.got;
	if (w.name > room)
		w.name = room > NAME_MIN ? room : NAME_MIN;
	return w;
}

static void
print_case(const struct screen *s, const struct case_result *c,
	   const struct widths *w)
{
	const struct look *look = &terminal_looks[c->verdict];
	bool same = slice_eq(c->want, c->got);

	buf_adds(s->out, "    ");
	screen_painted(s, look->paint, look->symbol);
	buf_fmt(s->out, " %3u  ", c->exchange);
	screen_column(s, c->name, w->name);
	buf_adds(s->out, "  ");
	screen_column(s, c->want, w->want);
	buf_adds(s->out, " → ");
	if (!same || verdict_gates(c->verdict))
		screen_paint(s, verdict_gates(c->verdict) ? RED : YELLOW);
	screen_column(s, c->got, w->got);
	if (!same || verdict_gates(c->verdict))
		screen_paint(s, PLAIN);
	buf_adds(s->out, "  ");
	seconds_print(c->seconds, s->out);
	buf_adds(s->out, " s\n");
}

static bool
is_plain(const struct case_result *c)
{
	return c->verdict == VERDICT_PASS && c->ndiffs == 0 &&
	       slice_eq(c->want, c->got);
}

/* Of a long tape those that tell something. */
void
terminal_cases(const struct screen *s, const struct replay_result *r)
{
	struct widths w = measure(s, r);
	size_t shown = 0;

	for (size_t i = 0; i < r->ncases; i++) {
		if (r->ncases > CASES_SHOWN && is_plain(&r->cases[i]))
			continue;
		if (shown == CASES_SHOWN)
			break;
		print_case(s, &r->cases[i], &w);
		shown++;
	}
	if (shown < r->ncases)
		buf_fmt(s->out, "    and %zu more exchanges\n",
			r->ncases - shown);
	if (r->ncases)
		buf_addc(s->out, '\n');
}

/* Both sides on the line of the field, where there is room. */
static bool
fits(const struct screen *s, const struct difference *d)
{
	return screen_width(d->place) + screen_width(d->want) +
		       screen_width(d->got) + 20 < screen_columns(s) &&
	       slice_chr(d->want, '\n') < 0 && slice_chr(d->got, '\n') < 0;
}

static void
print_side(const struct screen *s, const char *label, enum paint p,
	   struct slice text)
{
	buf_fmt(s->out, "        %s ", label);
	screen_paint(s, p);
	screen_text(s, text, 20);
	screen_paint(s, PLAIN);
}

static void
print_difference(const struct screen *s, const struct difference *d)
{
	buf_adds(s->out, "      ");
	screen_paint(s, d->risk == RISK_HIGH ? RED
		     : d->risk == RISK_MEDIUM ? YELLOW : DIM);
	buf_fmt(s->out, "%-6s", risk_name(d->risk));
	screen_paint(s, PLAIN);
	buf_addc(s->out, ' ');
	if (!fits(s, d)) {
		screen_text(s, d->place, 13);
		print_side(s, "on the tape", RED, d->want);
		print_side(s, "live       ", GREEN, d->got);
		return;
	}
	line_print(d->place, s->out);
	buf_adds(s->out, "  ");
	screen_paint(s, RED);
	line_print(d->want, s->out);
	screen_paint(s, PLAIN);
	buf_adds(s->out, " → ");
	screen_paint(s, GREEN);
	line_print(d->got, s->out);
	screen_paint(s, PLAIN);
	buf_addc(s->out, '\n');
}

void
terminal_differences(const struct screen *s, const struct replay_result *r)
{
	size_t shown = 0;

	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];

		if (c->ndiffs && shown++ == CASES_SHOWN)
			break;
		for (size_t k = 0; k < c->ndiffs; k++)
			print_difference(s, &c->diffs[k]);
		if (c->more)
			buf_fmt(s->out, "      and %zu more differences in "
				"exchange %u\n", c->more, c->exchange);
	}
}
