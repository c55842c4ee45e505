/* dvr completion: what a shell needs to complete dvr's command lines. */
#include "commands.h"

#include <dvr/reporter.h>

#include <stdio.h>
#include <string.h>

static const enum opt completion_opts[] = { OPT_HELP, OPT_COUNT };

/* What may stand behind an option, besides a list of words. */
enum argument { ARG_FILE, ARG_DIR, ARG_TAPE, ARG_TEXT };

static enum argument
argument_of(enum opt o)
{
	const char *arg = opt_rows[o].arg;

	if (o == OPT_TAPE)
		return ARG_TAPE;
	if (strcmp(arg, "FILE") == 0)
		return ARG_FILE;
	return strcmp(arg, "DIR") == 0 ? ARG_DIR : ARG_TEXT;
}

/* The words of an option in one line; false: it takes anything. */
static bool
print_words(enum opt o, FILE *f)
{
	const char *const *words = opt_words(o);

	if (o == OPT_REPORT) {
		for (size_t i = 0; reporters[i]; i++)
			fprintf(f, "%s%s", i ? " " : "", reporters[i]->name);
		return true;
	}
	for (size_t i = 0; words && words[i]; i++)
		fprintf(f, "%s%s", i ? " " : "", words[i]);
	return words != NULL;
}

/* Text between single quotes; `also` are more characters to escape. */
static void
print_quoted(const char *s, const char *also, FILE *f)
{
	for (; *s; s++) {
		if (*s == '\'')
			fputs("'\\''", f);
		else
			fprintf(f, "%s%c", strchr(also, *s) ? "\\" : "", *s);
	}
}

/* ---- bash ----------------------------------------------------------- */

static void
bash_values(const struct command *c, FILE *f)
{
	for (const enum opt *o = c->opts; *o != OPT_COUNT; o++) {
		const struct opt_row *r = &opt_rows[*o];

		if (!r->arg)
			continue;
		fprintf(f, "\t%s:--%s", c->name, r->name);
		if (r->letter)
			fprintf(f, "|%s:-%c", c->name, r->letter);
		fputs(") ", f);
		if (opt_words(*o) || *o == OPT_REPORT) {
			fputs("words='", f);
			print_words(*o, f);
			fputs("' ;;\n", f);
			continue;
		}
		switch (argument_of(*o)) {
		case ARG_FILE: fputs("what=-f ;;\n", f); break;
		case ARG_DIR: fputs("what=-d ;;\n", f); break;
		case ARG_TAPE: fputs("words=$(_dvr_tapes) ;;\n", f); break;
		case ARG_TEXT: fputs("return ;;\n", f); break;
		}
	}
}

static void
bash_operands(const struct command *c, FILE *f)
{
	fprintf(f, "\t%s) words='", c->name);
	for (const enum opt *o = c->opts; *o != OPT_COUNT; o++)
		fprintf(f, "%s--%s", o == c->opts ? "" : " ",
			opt_rows[*o].name);
	fputs("'\n\t\t[[ $cur == -* ]] || ", f);
	if (c->tapes) {
		fputs("words=$(_dvr_tapes)", f);
	} else if (c->words) {
		fputs("words='", f);
		for (size_t i = 0; c->words[i]; i++)
			fprintf(f, "%s%s", i ? " " : "", c->words[i]);
		fputc('\'', f);
	} else {
		fputs("{ words=; what=-f; }", f);
	}
	fputs(" ;;\n", f);
}

static void
print_bash(FILE *f)
{
	fputs("# bash completion for dvr\n"
	      "_dvr_tapes() { dvr ls 2>/dev/null | cut -d' ' -f1; }\n"
	      "_dvr() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} cmd= words= what= i\n"
	      "\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tif [[ $cur == = ]]; then\n"	/* --color=al is three words */
	      "\t\tcur=\n"
	      "\telif [[ $prev == = ]]; then\n"
	      "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n"
	      "\tfi\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tif [[ ${COMP_WORDS[i]} == -- ]]; then\n"
	      "\t\t\tCOMPREPLY=($(compgen -c -f -- \"$cur\")); return\n"
	      "\t\tfi\n"
	      "\t\t[[ -n $cmd || ${COMP_WORDS[i]} == -* ]] || "
	      "cmd=${COMP_WORDS[i]}\n"
	      "\tdone\n"
	      "\tif [[ -z $cmd ]]; then\n\t\twords='", f);
	for (size_t i = 0; commands[i]; i++)
		fprintf(f, "%s ", commands[i]->name);
	fputs("--help --version'\n"
	      "\telse case $cmd:$prev in\n", f);
	for (size_t i = 0; commands[i]; i++)
		bash_values(commands[i], f);
	fputs("\t*) case $cmd in\n", f);
	for (size_t i = 0; commands[i]; i++)
		bash_operands(commands[i], f);
	fputs("\t*) return ;;\n"
	      "\tesac ;;\n"
	      "\tesac; fi\n"
	      "\tCOMPREPLY=($(compgen $what -W \"$words\" -- \"$cur\"))\n"
	      "}\n"
	      "complete -F _dvr dvr dvr-cli\n", f);
}

/* ---- zsh ------------------------------------------------------------- */

static void
zsh_option(enum opt o, FILE *f)
{
	const struct opt_row *r = &opt_rows[o];

	if (r->letter)
		fprintf(f, "\t\t'(-%c --%s)'{-%c,--%s%s}'[", r->letter, r->name,
			r->letter, r->name, r->arg ? "=" : "");
	else
		fprintf(f, "\t\t'%s--%s%s[", o == OPT_REPORT ? "*" : "", r->name,
			r->arg ? "=" : "");
	print_quoted(r->help, "[]:\\", f);
	fputc(']', f);
	if (r->arg) {
		fputc(':', f);
		print_quoted(r->arg, "[]:\\", f);
		fputc(':', f);
		if (opt_words(o) || o == OPT_REPORT) {
			fputc('(', f);
			print_words(o, f);
			fputc(')', f);
		} else {
			static const char *const actions[] = {
				[ARG_FILE] = "_files", [ARG_DIR] = "_files -/",
				[ARG_TAPE] = "_dvr_tapes", [ARG_TEXT] = " ",
			};

			fputs(actions[argument_of(o)], f);
		}
	}
	fputs("' \\\n", f);
}

static void
zsh_command(const struct command *c, FILE *f)
{
	fprintf(f, "\t%s) _arguments \\\n", c->name);
	for (const enum opt *o = c->opts; *o != OPT_COUNT; o++)
		zsh_option(*o, f);
	if (c->tapes) {
		fputs("\t\t'*:tape:_dvr_tapes' ;;\n", f);
	} else if (c->words) {
		fputs("\t\t'1:word:(", f);
		for (size_t i = 0; c->words[i]; i++)
			fprintf(f, "%s%s", i ? " " : "", c->words[i]);
		fputs(")' ;;\n", f);
	} else {
		fputs("\t\t'*::arguments:_normal' ;;\n", f);
	}
}

static void
print_zsh(FILE *f)
{
	fputs("#compdef dvr dvr-cli\n"
	      "_dvr_tapes() { local -a t; t=(${(f)\"$(dvr ls 2>/dev/null | "
	      "cut -d' ' -f1)\"}); compadd -a t; }\n"
	      "_dvr() {\n"
	      "\tlocal -a names; names=(\n", f);
	for (size_t i = 0; commands[i]; i++) {
		fprintf(f, "\t\t'%s:", commands[i]->name);
		print_quoted(commands[i]->summary, "\\", f);
		fputs("'\n", f);
	}
	fputs("\t)\n"
	      "\tif (( CURRENT == 2 )); then _describe command names; return; "
	      "fi\n"
	      "\tlocal cmd=$words[2]; shift words; (( CURRENT-- ))\n"
	      "\tcase $cmd in\n", f);
	for (size_t i = 0; commands[i]; i++)
		zsh_command(commands[i], f);
	fputs("\tesac\n"
	      "}\n"
	      "[[ $funcstack[1] == _dvr ]] && _dvr \"$@\" || compdef _dvr dvr "
	      "dvr-cli\n", f);
}

/* ---- fish ------------------------------------------------------------ */

static void
fish_option(const struct command *c, enum opt o, FILE *f)
{
	const struct opt_row *r = &opt_rows[o];

	fprintf(f, "complete -c dvr -n '__fish_seen_subcommand_from %s' -l %s",
		c->name, r->name);
	if (r->letter)
		fprintf(f, " -s %c", r->letter);
	fputs(" -d '", f);
	print_quoted(r->help, "\\", f);
	fputc('\'', f);
	if (r->arg && (opt_words(o) || o == OPT_REPORT)) {
		fputs(" -x -a '", f);
		print_words(o, f);
		fputc('\'', f);
	} else if (r->arg) {
		static const char *const what[] = {
			[ARG_FILE] = " -r -F",
			[ARG_DIR] = " -x -a '(__fish_complete_directories)'",
			[ARG_TAPE] = " -x -a '(__dvr_tapes)'",
			[ARG_TEXT] = " -x",
		};

		fputs(what[argument_of(o)], f);
	}
	fputc('\n', f);
}

static void
print_fish(FILE *f)
{
	fputs("# fish completion for dvr\n"
	      "function __dvr_tapes; dvr ls 2>/dev/null | cut -d' ' -f1; end\n"
	      "complete -c dvr-cli -w dvr\n", f);
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];

		fprintf(f, "complete -c dvr -n __fish_use_subcommand -f -a %s "
			   "-d '", c->name);
		print_quoted(c->summary, "\\", f);
		fputs("'\n", f);
		for (const enum opt *o = c->opts; *o != OPT_COUNT; o++)
			fish_option(c, *o, f);
		if (c->tapes)
			fprintf(f, "complete -c dvr -n '__fish_seen_subcommand_"
				   "from %s' -f -a '(__dvr_tapes)'\n", c->name);
		for (size_t w = 0; c->words && c->words[w]; w++)
			fprintf(f, "complete -c dvr -n '__fish_seen_subcommand_"
				   "from %s' -f -a %s\n", c->name, c->words[w]);
	}
}

static const struct {
	const char *name;
	void (*print)(FILE *f);
} shells[] = {
	{ "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish },
};
static const char *const shell_words[] = { "bash", "zsh", "fish", NULL };

static int
completion(const struct args *args, struct err *e)
{
	char q[QUOTE_MAX];

	if (args->nrest != 1)
		return err_set(e, ERR_USAGE, "completion takes one shell: bash, "
					     "zsh or fish");
	for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
		if (strcmp(args->rest[0], shells[i].name) == 0) {
			shells[i].print(stdout);
			return 0;
		}
	}
	return err_set(e, ERR_USAGE, "no completion for '%s'; there is bash, zsh "
		       "and fish", quote(slice_str(args->rest[0]), q));
}

const struct command cmd_completion = {
	.name = "completion",
	.usage = "bash|zsh|fish",
	.summary = "a shell's completion script",
	.help = "  dvr completion bash > ~/.local/share/bash-completion/"
		"completions/dvr\n"
		"  source <(dvr completion zsh)\n"
		"  dvr completion fish > ~/.config/fish/completions/dvr.fish\n",
	.opts = completion_opts,
	.words = shell_words,
	.run = completion,
};
