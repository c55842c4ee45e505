/* The one place that asks the system for time and randomness. */
#include <dvr/base/clock.h>
#include <dvr/base/mem.h>
#include <dvr/base/slice.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static uint64_t
system_mono_ns(const struct clock *c)
{
	struct timespec t;

	(void)c;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static int64_t
system_wall_us(const struct clock *c)
{
	struct timespec t;

	(void)c;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * US_PER_S + t.tv_nsec / (int64_t)NS_PER_US;
}

static void
system_random(const struct clock *c, void *out, size_t n)
{
	char *p = out;

	(void)c;
	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		/* Predictable "random" bytes would be a hole: better no run. */
		if (got < 0)
			abort();
		p += got;
		n -= (size_t)got;
	}
}

const struct clock clock_system = {
	.mono_ns = system_mono_ns,
	.wall_us = system_wall_us,
	.random = system_random,
};

/* Days since 1970 and back, proleptic Gregorian, with years from March. */
static int64_t
days_from_civil(int64_t y, unsigned m, unsigned d)
{
	int64_t era;
	unsigned yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = (unsigned)(y - era * 400);
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return era * 146097 +
		(int64_t)(yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719468;
}

static void
civil_from_days(int64_t days, int64_t *y, unsigned *m, unsigned *d)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned doe = (unsigned)(z - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;

	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = (int64_t)yoe + era * 400 + (*m <= 2);
}

/* What four digits of a year can say: 0000-01-01 to 9999-12-31. */
#define WALL_LEAST_US (-62167219200ll * US_PER_S)
#define WALL_MOST_US (253402300800ll * US_PER_S - 1)

void
clock_rfc3339(int64_t wall_us, char out[CLOCK_RFC3339_MAX])
{
	int64_t day_us = 86400ll * US_PER_S, days, year, us;
	unsigned month, day, s;

	if (wall_us < WALL_LEAST_US)
		wall_us = WALL_LEAST_US;
	if (wall_us > WALL_MOST_US)
		wall_us = WALL_MOST_US;
	days = wall_us / day_us - (wall_us % day_us < 0);
	us = wall_us - days * day_us;
	s = (unsigned)(us / US_PER_S);
	civil_from_days(days, &year, &month, &day);
	snprintf(out, CLOCK_RFC3339_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
		 (unsigned)year % 10000, month % 100, day % 100,
		 s / 3600 % 100, s / 60 % 60, s % 60,
		 (unsigned)(us % US_PER_S));
}

static int
field(struct slice s, size_t from, size_t to, unsigned *out)
{
	uint64_t v;

	if (slice_uint(slice_range(s, from, to), 999999, &v) < 0)
		return -1;
	*out = (unsigned)v;
	return 0;
}

int
clock_parse_rfc3339(const char *p, size_t n, int64_t *wall_us)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.ddddddZ";
	struct slice s = slice_of(p, n);
	unsigned y, mon, d, h, min, sec, us, d2, m2;
	int64_t days, y2;

	if (n != sizeof(form) - 1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (form[i] != 'd' && p[i] != form[i])
			return -1;
	if (field(s, 0, 4, &y) < 0 || field(s, 5, 7, &mon) < 0 ||
	    field(s, 8, 10, &d) < 0 || field(s, 11, 13, &h) < 0 ||
	    field(s, 14, 16, &min) < 0 || field(s, 17, 19, &sec) < 0 ||
	    field(s, 20, 26, &us) < 0)
		return -1;
	if (mon < 1 || mon > 12 || d < 1 || h > 23 || min > 59 || sec > 59)
		return -1;
	/* A day that the month does not have comes back as another one. */
	days = days_from_civil(y, mon, d);
	civil_from_days(days, &y2, &m2, &d2);
	if (y2 != (int64_t)y || m2 != mon || d2 != d)
		return -1;
	*wall_us = (days * 86400 + h * 3600ll + min * 60ll + sec) * US_PER_S +
		us;
	return 0;
}
