/* How sure k of n makes one: Wilson's interval and the replays needed. */
#include <dvr/judge/judge.h>

#include <math.h>

/* Two-sided 95 % of the normal distribution. */
#define Z95 1.959963984540054
/* A fix counts as shown when chance alone explains the silence this rarely. */
#define DOUBT 0.05

void
judge_wilson(unsigned k, unsigned n, double *low, double *high)
{
	double p, z2 = Z95 * Z95, centre, half, scale;

	if (n == 0) {
		*low = 0;
		*high = 1;
		return;
	}
	if (k > n)
		k = n;
	p = (double)k / n;
	scale = 1 + z2 / n;
	centre = (p + z2 / (2.0 * n)) / scale;
	half = Z95 * sqrt(p * (1 - p) / n + z2 / (4.0 * n * n)) / scale;
	*low = k == 0 ? 0 : centre - half;
	*high = k == n ? 1 : centre + half;
}

unsigned
judge_needed(const struct plan *p)
{
	double q;
	unsigned n;

	if (p->expect == EXPECT_SAME)
		return 1;
	if (p->of == 0 || p->hits == 0)
		return 0;
	q = (double)(p->of - p->hits) / p->of;
	/* Three of three is what seven of ten often looks like: one miss more
	 * is reckoned with, or a silence would be taken for a fix. */
	if (p->hits >= p->of)
		q = 1.0 / (p->of + 1.0);
	n = (unsigned)ceil(log(DOUBT) / log(q));
	/* The quotient of logarithms may round to the wrong side. */
	while (pow(q, n) > DOUBT)
		n++;
	return n;
}
