/* A prompt that leaves the loop running: mocks answer while a person thinks. */
#include "prompt.h"

#include <dvr/base/mem.h>

#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#define HISTORY_LINES 200
#define PROMPT "dvr> "

struct prompt {
	struct loop *loop;
	struct loop_io in;
	bool readable;
	EditLine *el;		/* a terminal's; NULL: lines as they come */
	History *history;
	HistEvent event;
	mbstate_t state;	/* of a character that came in part */
	char *line;
	size_t cap;
};

static void
on_input(struct loop_io *io, unsigned ready)
{
	struct prompt *p = io->owner;

	(void)ready;
	p->readable = true;
}

/* A regular file cannot be watched, and need not be. */
static void
wait_for_input(struct prompt *p)
{
	if (loop_add(p->loop, &p->in, LOOP_READ, NULL) != 0)
		return;
	p->readable = false;
	while (!p->readable)
		if (loop_once(p->loop, UINT64_MAX, NULL) != 0)
			break;
	loop_del(p->loop, &p->in);
}

/* One byte of stdin, nothing read ahead: what is left there wakes the loop. */
static ssize_t
read_byte(struct prompt *p, char *c)
{
	ssize_t n;

	do {
		wait_for_input(p);
		n = read(STDIN_FILENO, c, 1);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	return n;
}

/* ---- a terminal ----------------------------------------------------------- */

static int
read_char(EditLine *el, wchar_t *out)
{
	struct prompt *p;
	size_t used;
	ssize_t n;
	char c;

	el_get(el, EL_CLIENTDATA, &p);
	while ((n = read_byte(p, &c)) == 1) {
		used = mbrtowc(out, &c, 1, &p->state);
		if (used != (size_t)-1 && used != (size_t)-2)
			return 1;
		if (used == (size_t)-1)
			p->state = (mbstate_t){ 0 };
	}
	return (int)n;
}

static char *
prompt_text(EditLine *el)
{
	static char text[] = PROMPT;

	(void)el;
	return text;
}

static int
open_terminal(struct prompt *p)
{
	p->el = el_init("dvr", stdin, stdout, stderr);
	p->history = history_init();
	if (p->el == NULL || p->history == NULL)
		return -1;
	history(p->history, &p->event, H_SETSIZE, HISTORY_LINES);
	el_set(p->el, EL_CLIENTDATA, p);
	el_set(p->el, EL_PROMPT, prompt_text);
	el_set(p->el, EL_EDITOR, "emacs");
	el_set(p->el, EL_SIGNAL, 1);	/* ^C leaves the terminal as it was */
	el_set(p->el, EL_HIST, history, p->history);
	el_set(p->el, EL_GETCFN, read_char);
	el_source(p->el, NULL);
	return 0;
}

static const char *
terminal_line(struct prompt *p)
{
	int n;
	const char *line = el_gets(p->el, &n);

	if (line == NULL || n <= 0) {
		putchar('\n');
		return NULL;
	}
	free(p->line);
	p->line = mem_strdup(line);
	p->line[strcspn(p->line, "\r\n")] = '\0';
	if (p->line[0] != '\0')
		history(p->history, &p->event, H_ENTER, p->line);
	return p->line;
}

/* ---- anything else ---------------------------------------------------------- */

/* A transcript reads like a session. */
static const char *
plain_line(struct prompt *p)
{
	ssize_t got;
	size_t n = 0;
	char c;

	fputs(PROMPT, stdout);
	fflush(stdout);
	while ((got = read_byte(p, &c)) == 1 && c != '\n') {
		if (n + 1 >= p->cap) {
			p->cap = p->cap ? 2 * p->cap : 128;
			p->line = mem_grow(p->line, p->cap, 1);
		}
		if (c != '\r')
			p->line[n++] = c;
	}
	if (got != 1 && n == 0) {
		putchar('\n');
		return NULL;
	}
	if (!p->line)
		p->line = mem_grow(NULL, p->cap = 128, 1);
	p->line[n] = '\0';
	puts(p->line);
	return p->line;
}

/* ---- life -------------------------------------------------------------------- */

struct prompt *
prompt_create(struct loop *l)
{
	struct prompt *p = mem_alloc(sizeof(*p));

	p->loop = l;
	p->in = (struct loop_io){ .fd = STDIN_FILENO, .fn = on_input,
		.owner = p };
	if (isatty(STDIN_FILENO) && open_terminal(p) != 0 && p->el) {
		el_end(p->el);
		p->el = NULL;
	}
	return p;
}

const char *
prompt_line(struct prompt *p)
{
	return p->el ? terminal_line(p) : plain_line(p);
}

void
prompt_destroy(struct prompt *p)
{
	if (p == NULL)
		return;
	if (p->el)
		el_end(p->el);
	if (p->history)
		history_end(p->history);
	free(p->line);
	free(p);
}
