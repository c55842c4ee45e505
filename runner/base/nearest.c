/* Finds the known word that a mistyped one is nearest to. */
#include <dvr/base/nearest.h>

/* Longer words are compared by their first bytes; keys and ids are shorter. */
#define WORD_MAX 96u

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Optimal string alignment: three rows of the usual table are enough. */
static size_t
edits(struct slice a, struct slice b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2], *spare;

	for (size_t j = 0; j <= b.n; j++)
		last[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		now[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			char x = lower(a.p[i - 1]), y = lower(b.p[j - 1]);

			now[j] = least(least(last[j], now[j - 1]) + 1,
				       last[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == lower(b.p[j - 2]) &&
			    y == lower(a.p[i - 2]))
				now[j] = least(now[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[b.n];
}

const char *
nearest_word(const char *const *known, size_t count, struct slice word)
{
	const char *best = NULL;
	size_t fewest = 0;

	word = slice_range(word, 0, WORD_MAX);
	for (size_t i = 0; i < count; i++) {
		struct slice k = slice_range(slice_str(known[i]), 0, WORD_MAX);
		size_t longer = k.n > word.n ? k.n : word.n;
		size_t n = edits(word, k);

		if (n > (longer + 2) / 3 || n == longer)
			continue;
		if (best && n >= fewest)
			continue;
		best = known[i];
		fewest = n;
	}
	return best;
}
