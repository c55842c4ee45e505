/* Reads and counts days. */
#include "date.h"

#include <dvr/base/clock.h>

#include <stdio.h>
#include <string.h>

#define US_PER_DAY (24 * 3600 * US_PER_S)
#define DAYS_MAX 3650	/* ten years: longer is no quarantine but a grave */

static void
print_day(int64_t wall_us, char out[DATE_MAX])
{
	char full[CLOCK_RFC3339_MAX];

	clock_rfc3339(wall_us, full);
	full[DATE_MAX - 1] = '\0';
	memcpy(out, full, DATE_MAX);
}

void
date_today(char out[DATE_MAX])
{
	print_day(clock_wall_us(&clock_system), out);
}

static int
parse_day(struct slice s, int64_t *wall_us)
{
	char full[CLOCK_RFC3339_MAX];

	if (s.n != DATE_MAX - 1)
		return -1;
	snprintf(full, sizeof(full), "%.*sT00:00:00.000000Z", SLICE_ARG(s));
	return clock_parse_rfc3339(full, strlen(full), wall_us);
}

int
date_until(const char *word, char out[DATE_MAX], struct err *e)
{
	int64_t now = clock_wall_us(&clock_system), day;
	struct slice s = slice_str(word);
	char today[DATE_MAX], q[QUOTE_MAX];
	uint64_t n;

	if (slice_ends(s, SLICE("d")) &&
	    slice_uint(slice_range(s, 0, s.n - 1), DAYS_MAX, &n) == 0) {
		print_day(now + (int64_t)n * US_PER_DAY, out);
		return 0;
	}
	if (parse_day(s, &day) != 0)
		return err_set(e, ERR_USAGE, "bad --until '%s'; expected a day "
			       "as 2026-12-24, or a number of days as 14d",
			       quote(s, q));
	date_today(today);
	if (slice_cmp(s, slice_str(today)) < 0)
		return err_set(e, ERR_USAGE, "--until %s: that day is over",
			       quote(s, q));
	print_day(day, out);
	return 0;
}

int
date_age(struct slice date)
{
	int64_t day, today = 0;
	char now[DATE_MAX];

	date_today(now);
	if (parse_day(date, &day) != 0 ||
	    parse_day(slice_str(now), &today) != 0)
		return 0;
	return (int)((today - day) / US_PER_DAY);
}
