/* The traps of HTTP/1.1 framing, each as one row: bytes in, trace out. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "http1_trace.h"

struct row {
	const char *what;
	const char *in;
	const char *want;	/* see http1_trace.h */
	const char *answers;	/* responses: the method, NULL for GET */
};

#define H "Host: x\r\n"
#define TE "Transfer-Encoding: chunked\r\n"
#define ABCD "4\r\nabcd\r\n0\r\n\r\n"
#define POST "POST /a HTTP/1.1\r\n" H
#define GET "GET /a HTTP/1.1\r\n" H
#define OK "HTTP/1.1 200 OK\r\n"
/* A second message: shows that the first one's end was found. */
#define NEXT "GET /2 HTTP/1.1\r\n" H "\r\n"
#define NEXT_SEEN "(GET /2 none).$"

static const struct row lengths[] = {
	{ "a length", POST "Content-Length: 3\r\n\r\nabc" NEXT,
	  "(POST /a =3)abc." NEXT_SEEN, NULL },
	{ "no body without framing", POST "\r\n" NEXT,
	  "(POST /a none)." NEXT_SEEN, NULL },
	{ "a body on GET", GET "Content-Length: 3\r\n\r\nabc" NEXT,
	  "(GET /a =3)abc." NEXT_SEEN, NULL },
	{ "length 0", POST "Content-Length: 0\r\n\r\n" NEXT,
	  "(POST /a =0)." NEXT_SEEN, NULL },
	{ "spaces around the length",
	  POST "Content-Length:   3  \r\n\r\nabc" NEXT,
	  "(POST /a =3)abc." NEXT_SEEN, NULL },
	{ "a tab behind the length",
	  POST "Content-Length: 3\t\r\n\r\nabc" NEXT,
	  "(POST /a =3 ?)abc." NEXT_SEEN, NULL },
	{ "leading zeros", POST "Content-Length: 003\r\n\r\nabc" NEXT,
	  "(POST /a =3)abc." NEXT_SEEN, NULL },
	{ "length and chunked", POST "Content-Length: 3\r\n" TE "\r\n" ABCD,
	  "!", NULL },
	{ "chunked and length", POST TE "Content-Length: 3\r\n\r\n" ABCD, "!",
	  NULL },
	{ "the same length twice",
	  POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "!", NULL },
	{ "two lengths",
	  POST "Content-Length: 3\r\ncontent-length: 4\r\n\r\nabcd", "!",
	  NULL },
	{ "a list of lengths", POST "Content-Length: 3, 3\r\n\r\nabc", "!",
	  NULL },
	{ "+3", POST "Content-Length: +3\r\n\r\nabc", "!", NULL },
	{ "-3", POST "Content-Length: -3\r\n\r\nabc", "!", NULL },
	{ "0x3", POST "Content-Length: 0x3\r\n\r\nabc", "!", NULL },
	{ "1_0", POST "Content-Length: 1_0\r\n\r\nabcdefghij", "!", NULL },
	{ "1 0", POST "Content-Length: 1 0\r\n\r\nabcdefghij", "!", NULL },
	{ "an empty length", POST "Content-Length: \r\n\r\n", "!", NULL },
	{ "2^63", POST "Content-Length: 9223372036854775808\r\n\r\n", "!",
	  NULL },
	{ "2^63 - 1, cut", POST "Content-Length: 9223372036854775807\r\n\r\nab",
	  "(POST /a =9223372036854775807)ab!", NULL },
	{ "2^64 + 3", POST "Content-Length: 18446744073709551619\r\n\r\nabc",
	  "!", NULL },
};

static const struct row codings[] = {
	{ "chunked", POST TE "\r\n" ABCD NEXT,
	  "(POST /a chunked){4}abcd{0}." NEXT_SEEN, NULL },
	{ "Chunked", POST "Transfer-Encoding: Chunked\r\n\r\n" ABCD NEXT,
	  "(POST /a chunked){4}abcd{0}." NEXT_SEEN, NULL },
	{ "gzip", POST "Transfer-Encoding: gzip\r\n\r\nabc", "!", NULL },
	{ "chunked, gzip",
	  POST "Transfer-Encoding: chunked, gzip\r\n\r\n" ABCD, "!", NULL },
	{ "gzip, chunked",
	  POST "Transfer-Encoding: gzip, chunked\r\n\r\n" ABCD NEXT,
	  "(POST /a chunked ?){4}abcd{0}." NEXT_SEEN, NULL },
	{ "gzip and chunked in two lines",
	  POST "Transfer-Encoding: gzip\r\n" TE "\r\n" ABCD NEXT,
	  "(POST /a chunked ?){4}abcd{0}." NEXT_SEEN, NULL },
	{ "chunked twice", POST TE TE "\r\n" ABCD, "!", NULL },
	{ "xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n" ABCD, "!",
	  NULL },
	{ "chunked with a parameter",
	  POST "Transfer-Encoding: chunked;a=b\r\n\r\n" ABCD, "!", NULL },
	{ "chunked behind a vertical tab",
	  POST "Transfer-Encoding: \vchunked\r\n\r\n" ABCD, "!", NULL },
	{ "identity", POST "Transfer-Encoding: identity\r\n\r\n", "!", NULL },
	{ "an empty coding at the end",
	  POST "Transfer-Encoding: chunked,\r\n\r\n" ABCD, "!", NULL },
	{ "an empty coding first",
	  POST "Transfer-Encoding: ,chunked\r\n\r\n" ABCD NEXT,
	  "(POST /a chunked ?){4}abcd{0}." NEXT_SEEN, NULL },
	{ "an empty field beside chunked",
	  POST TE "Transfer-Encoding:\r\n\r\n" ABCD NEXT,
	  "(POST /a chunked ?){4}abcd{0}." NEXT_SEEN, NULL },
	{ "an empty coding", POST "Transfer-Encoding:\r\n\r\n" NEXT,
	  "(POST /a none ?)." NEXT_SEEN, NULL },
	{ "chunked in HTTP/1.0",
	  "POST /a HTTP/1.0\r\nConnection: keep-alive\r\n" TE "\r\n" ABCD NEXT,
	  "(POST /a chunked ?){4}abcd{0}." NEXT_SEEN, NULL },
};

static const struct row fields[] = {
	{ "space before the colon", POST "Content-Length : 3\r\n\r\nabc", "!",
	  NULL },
	{ "space in a name", GET "X Y: 3\r\n\r\n", "!", NULL },
	{ "tab in a name", GET "X\tY: 3\r\n\r\n", "!", NULL },
	{ "space before the first field",
	  "GET /a HTTP/1.1\r\n Host: x\r\n\r\n", "!", NULL },
	{ "a folded line", GET "X: a\r\n b\r\n\r\n", "!", NULL },
	{ "a folded length", POST "Content-Length:\r\n 3\r\n\r\nabc", "!",
	  NULL },
	{ "bare CR in a value", GET "X: a\rb\r\n\r\n", "!", NULL },
	{ "a field behind a bare CR",
	  GET "X: a\rContent-Length: 3\r\n\r\n", "!", NULL },
	{ "CR CR LF", GET "X: a\r\r\n\r\n", "!", NULL },
	{ "CR CR LF as the empty line", GET "X: a\r\n\r\r\n\r\n", "!", NULL },
	{ "a name that is empty", GET ": a\r\n\r\n", "!", NULL },
	{ "a control byte in a name", GET "X\001: a\r\n\r\n", "!", NULL },
	{ "a control byte in a value", GET "X: a\001b\r\n\r\n" NEXT,
	  "(GET /a none ?)." NEXT_SEEN, NULL },
	{ "DEL in a value", GET "X: a\177b\r\n\r\n" NEXT,
	  "(GET /a none ?)." NEXT_SEEN, NULL },
	{ "a name that is not ASCII", GET "X\377: a\r\n\r\n" NEXT,
	  "(GET /a none ?)." NEXT_SEEN, NULL },
	{ "a value that is not UTF-8", GET "X: \377\200\r\n\r\n" NEXT,
	  "(GET /a none)." NEXT_SEEN, NULL },
	{ "a line without a colon", GET "Xabc\r\n\r\n" NEXT,
	  "(GET /a none ?)." NEXT_SEEN, NULL },
	{ "LF alone", "POST /a HTTP/1.1\nContent-Length: 3\n\nabc" NEXT,
	  "(POST /a =3 ?)abc." NEXT_SEEN, NULL },
	{ "one LF alone",
	  "POST /a HTTP/1.1\r\nX: x\nContent-Length: 3\r\n\r\nabc" NEXT,
	  "(POST /a =3 ?)abc." NEXT_SEEN, NULL },
	{ "LF as the empty line", POST "Content-Length: 3\r\n\nabc" NEXT,
	  "(POST /a =3 ?)abc." NEXT_SEEN, NULL },
};

static const struct row lines[] = {
	{ "empty lines first", "\r\n\r\n" GET "\r\n", "(GET /a none).$", NULL },
	{ "LFs first", "\n\n" GET "\r\n", "(GET /a none).$", NULL },
	{ "nothing but empty lines", "\r\n\r\n\r\n", "$", NULL },
	{ "absolute form", "GET http://h:1/a?b HTTP/1.1\r\n\r\n",
	  "(GET http://h:1/a?b none).$", NULL },
	{ "asterisk form", "OPTIONS * HTTP/1.1\r\n\r\n",
	  "(OPTIONS * none).$", NULL },
	{ "authority form", "CONNECT h:80 HTTP/1.1\r\n\r\n" NEXT,
	  "(CONNECT h:80 none)." NEXT_SEEN, NULL },
	{ "two spaces", "GET  /a HTTP/1.1\r\n\r\n", "(GET /a none ?).$", NULL },
	{ "space at the end", "GET /a HTTP/1.1 \r\n\r\n", "(GET /a none ?).$",
	  NULL },
	{ "space in the target", "GET /a b HTTP/1.1\r\n\r\n", "!", NULL },
	{ "space first", " GET /a HTTP/1.1\r\n\r\n", "!", NULL },
	{ "tabs", "GET\t/a\tHTTP/1.1\r\n\r\n", "!", NULL },
	{ "a target that is not ASCII", "GET /\377 HTTP/1.1\r\n\r\n",
	  "(GET /\377 none).$", NULL },
	{ "a control byte in the target", "GET /\001 HTTP/1.1\r\n\r\n", "!",
	  NULL },
	{ "bare CR in the line", "GET /a\rb HTTP/1.1\r\n\r\n", "!", NULL },
	{ "an unknown method", "Frob /a HTTP/1.1\r\n\r\n",
	  "(Frob /a none).$", NULL },
	{ "a method that is no token", "G(T /a HTTP/1.1\r\n\r\n", "!", NULL },
	{ "no version", "GET /a\r\n\r\n", "!", NULL },
	{ "HTTP/1.2", "GET /a HTTP/1.2\r\n\r\n", "(GET /a none ?).$", NULL },
	{ "HTTP/1.10", "GET /a HTTP/1.10\r\n\r\n", "!", NULL },
	{ "HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "!", NULL },
	{ "http/1.1", "GET /a http/1.1\r\n\r\n", "!", NULL },
	{ "no HTTP at all", "\026\003\001\002", "!", NULL },
	{ "HTTP/1.0 closes", "GET /a HTTP/1.0\r\n\r\n" NEXT,
	  "(GET /a none -).~" NEXT "$", NULL },
	{ "HTTP/1.0 that goes on",
	  "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" NEXT,
	  "(GET /a none)." NEXT_SEEN, NULL },
	{ "close and keep-alive in HTTP/1.0",
	  "GET /a HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n" NEXT,
	  "(GET /a none - ?).~" NEXT "$", NULL },
	{ "close wins over keep-alive",
	  "GET /a HTTP/1.1\r\nConnection: keep-alive, close\r\n\r\n" NEXT,
	  "(GET /a none -).~" NEXT "$", NULL },
	{ "close in a second field",
	  GET "Connection: x\r\nConnection: Close\r\n\r\n\r\n",
	  "(GET /a none -).$", NULL },
	{ "pipelining", GET "\r\n" POST "Content-Length: 1\r\n\r\nx" NEXT,
	  "(GET /a none).(POST /a =1)x." NEXT_SEEN, NULL },
	{ "cut in the head", "GET /a HTTP/1.1\r\nHo", "!", NULL },
	{ "cut in the body", POST "Content-Length: 3\r\n\r\nab",
	  "(POST /a =3)ab!", NULL },
};

/* "POST chunked" followed by what the row gives. */
static const struct row chunks[] = {
	{ "several", "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n" NEXT,
	  "{1}a{2}bc{0}." NEXT_SEEN, NULL },
	{ "an extension", "4;a=b\r\nabcd\r\n0;c\r\n\r\n" NEXT,
	  "{4}abcd{0}." NEXT_SEEN, NULL },
	{ "space before the extension", "4 ;a=b\r\nabcd\r\n0\r\n\r\n" NEXT,
	  "{4}abcd{0}." NEXT_SEEN, NULL },
	{ "space behind the size", "4  \r\nabcd\r\n0\r\n\r\n" NEXT,
	  "{4}abcd{0}." NEXT_SEEN, NULL },
	{ "a quoted line end", "4;a=\"b\r\n\"\r\nabcd\r\n0\r\n\r\n",
	  "{4}\"\r\na!", NULL },
	{ "bare CR in an extension", "4;a\rb\r\nabcd\r\n0\r\n\r\n", "!", NULL },
	{ "leading zeros", "00000000000000000000000004\r\nabcd\r\n000\r\n\r\n"
	  NEXT, "{4}abcd{0}." NEXT_SEEN, NULL },
	{ "upper case", "A\r\n0123456789\r\n0\r\n\r\n" NEXT,
	  "{a}0123456789{0}." NEXT_SEEN, NULL },
	{ "LF alone", "4\nabcd\n0\n\n" NEXT, "{4}abcd{0}." NEXT_SEEN, NULL },
	{ "space before the size", " 4\r\nabcd\r\n0\r\n\r\n", "!", NULL },
	{ "+4", "+4\r\nabcd\r\n0\r\n\r\n", "!", NULL },
	{ "-4", "-4\r\nabcd\r\n0\r\n\r\n", "!", NULL },
	{ "0x4", "0x4\r\nabcd\r\n0\r\n\r\n", "!", NULL },
	{ "4_0", "4_0\r\nabcd\r\n0\r\n\r\n", "!", NULL },
	{ "4 0", "4 0\r\nabcd\r\n0\r\n\r\n", "!", NULL },
	{ "no size", "\r\nabcd\r\n0\r\n\r\n", "!", NULL },
	{ "no size but an extension", ";a\r\n0\r\n\r\n", "!", NULL },
	{ "CR CR LF", "4\r\r\nabcd\r\n0\r\n\r\n", "!", NULL },
	{ "2^63", "8000000000000000\r\nabcd", "!", NULL },
	{ "2^64 + 4", "10000000000000004\r\nabcd\r\n0\r\n\r\n", "!", NULL },
	{ "2^63 - 1, cut", "7fffffffffffffff\r\nabcd",
	  "{7fffffffffffffff}abcd!", NULL },
	{ "too long", "2\r\nabcd\r\n0\r\n\r\n", "{2}ab!", NULL },
	{ "too short", "4\r\nab\r\n0\r\n\r\n", "{4}ab\r\n!", NULL },
	{ "no line end behind the data", "4\r\nabcd0\r\n\r\n", "{4}abcd!",
	  NULL },
	{ "trailers", "0\r\nX-T: 1\r\nX-U:  2 \r\n\r\n" NEXT,
	  "{0}[X-T: 1][X-U:  2 ]." NEXT_SEEN, NULL },
	{ "a folded trailer", "0\r\nX-T: 1\r\n 2\r\n\r\n", "{0}!", NULL },
	{ "a trailer with a space in its name", "0\r\nX T: 1\r\n\r\n", "{0}!",
	  NULL },
	{ "a length among the trailers",
	  "0\r\nContent-Length: 9\r\n\r\n" NEXT,
	  "{0}[Content-Length: 9]." NEXT_SEEN, NULL },
	{ "cut in a size", "4", "!", NULL },
	{ "cut behind the data", "1\r\na", "{1}a!", NULL },
	{ "cut before the empty line", "0\r\n", "{0}!", NULL },
};

static const struct row responses[] = {
	{ "a length", OK "Content-Length: 3\r\n\r\nabc" OK "\r\n",
	  "(200 =3)abc.(200 close -).$", NULL },
	{ "until close", OK "\r\nabc", "(200 close -)abc.$", NULL },
	{ "keep-alive without framing is until close",
	  OK "Connection: keep-alive\r\n\r\nabc", "(200 close -)abc.$", NULL },
	{ "100, then 200",
	  "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 1\r\n\r\na",
	  "(100 none).(200 =1)a.$", NULL },
	{ "103 with fields, then an answer to HEAD",
	  "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" OK
	  "Content-Length: 9\r\n\r\n" OK "Content-Length: 1\r\n\r\na",
	  "(103 none).(200 none).(200 =1)a.$", "HEAD" },
	{ "a length on 100",
	  "HTTP/1.1 100 C\r\nContent-Length: 2\r\n\r\n" OK
	  "Content-Length: 1\r\n\r\na", "(100 none).(200 =1)a.$", NULL },
	{ "an interim answer that says close",
	  "HTTP/1.1 100 C\r\nConnection: close\r\n\r\n" OK
	  "Content-Length: 1\r\n\r\na", "(100 none).(200 =1)a.$", NULL },
	{ "204 with a length",
	  "HTTP/1.1 204 N\r\nContent-Length: 3\r\n\r\n" OK
	  "Content-Length: 1\r\n\r\na", "(204 none).(200 =1)a.$", NULL },
	{ "304 with a length",
	  "HTTP/1.1 304 N\r\nContent-Length: 3\r\n\r\n" OK
	  "Content-Length: 1\r\n\r\na", "(304 none).(200 =1)a.$", NULL },
	{ "304 with two lengths",
	  "HTTP/1.1 304 N\r\nContent-Length: 3, 4\r\n\r\n" OK
	  "Content-Length: 1\r\n\r\na", "(304 none ?).(200 =1)a.$", NULL },
	{ "204 with a length and chunked",
	  "HTTP/1.1 204 N\r\nContent-Length: 3\r\n" TE "\r\n" OK
	  "Content-Length: 1\r\n\r\na", "(204 none ?).(200 =1)a.$", NULL },
	{ "304 with a length and an empty coding",
	  "HTTP/1.1 304 N\r\nContent-Length: 3\r\nTransfer-Encoding:\r\n\r\n"
	  OK "Content-Length: 1\r\n\r\na", "(304 none ?).(200 =1)a.$", NULL },
	{ "a length to HEAD that is no number",
	  OK "Content-Length: x\r\n\r\n" OK "Content-Length: 1\r\n\r\na",
	  "(200 none ?).(200 =1)a.$", "HEAD" },
	{ "an empty coding at the end",
	  OK "Transfer-Encoding: chunked,\r\n\r\n" ABCD OK "\r\n",
	  "(200 chunked ?){4}abcd{0}.(200 close -).$", NULL },
	{ "205 has a body", "HTTP/1.1 205 R\r\n" TE "\r\n" ABCD,
	  "(205 chunked){4}abcd{0}.$", NULL },
	{ "chunked to HEAD", OK TE "\r\n" OK "Content-Length: 0\r\n\r\n",
	  "(200 none).(200 =0).$", "HEAD" },
	{ "101", "HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n\201\005hello",
	  "(101 tunnel -).~\201\005hello$", NULL },
	{ "200 to CONNECT", OK "Content-Length: 3\r\n\r\n\026\003\001",
	  "(200 tunnel -).~\026\003\001$", "CONNECT" },
	{ "407 to CONNECT", "HTTP/1.1 407 A\r\nContent-Length: 1\r\n\r\na" OK
	  "Content-Length: 1\r\n\r\nb", "(407 =1)a.(200 =1)b.$", "CONNECT" },
	{ "length and chunked", OK "Content-Length: 3\r\n" TE "\r\n" ABCD,
	  "(200 chunked ?){4}abcd{0}.$", NULL },
	{ "chunked, gzip",
	  OK "Transfer-Encoding: chunked, gzip\r\n\r\n" "4\r\n",
	  "(200 close - ?)4\r\n.$", NULL },
	{ "gzip", OK "Transfer-Encoding: gzip\r\n\r\nabc",
	  "(200 close -)abc.$", NULL },
	{ "identity and a length",
	  OK "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc",
	  "(200 =3 ?)abc.$", NULL },
	{ "chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\n" TE "\r\n" ABCD,
	  "(200 chunked - ?){4}abcd{0}.$", NULL },
	{ "the same length twice",
	  OK "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
	  "(200 =3 ?)abc.$", NULL },
	{ "a list of one length", OK "Content-Length: 3, 3\r\n\r\nabc",
	  "(200 =3 ?)abc.$", NULL },
	{ "two lengths",
	  OK "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "!", NULL },
	{ "+3", OK "Content-Length: +3\r\n\r\nabc", "!", NULL },
	{ "no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
	  "(200 =0).$", NULL },
	{ "a reason that is not ASCII",
	  "HTTP/1.1 200 \377\r\nContent-Length: 0\r\n\r\n", "(200 =0).$",
	  NULL },
	{ "two digits", "HTTP/1.1 99 X\r\n\r\n", "!", NULL },
	{ "four digits", "HTTP/1.1 2000 X\r\n\r\n", "!", NULL },
	{ "099", "HTTP/1.1 099 X\r\n\r\n", "!", NULL },
	{ "999", "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n", "(999 =0).$",
	  NULL },
	{ "HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n", "!", NULL },
	{ "another protocol", "SSH-2.0-x", "!", NULL },
	{ "HTTP/1.0 with a length",
	  "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na" "junk",
	  "(200 =1 -)a.~junk$", NULL },
	{ "bytes behind Connection: close",
	  OK "Connection: close\r\nContent-Length: 1\r\n\r\na" "junk",
	  "(200 =1 -)a.~junk$", NULL },
	{ "a folded line", OK "X: a\r\n b\r\nContent-Length: 0\r\n\r\n", "!",
	  NULL },
	{ "cut in chunks", OK TE "\r\n4\r\nabcd\r\n",
	  "(200 chunked){4}abcd!", NULL },
	{ "nothing", "", "$", NULL },
};

struct table {
	enum http1_kind kind;
	const char *prefix_in, *prefix_want;
	const struct row *rows;
	size_t n;
};

#define TABLE(kind, rows) { kind, "", "", rows, ARRAY_LEN(rows) }
static const struct table tables[] = {
	TABLE(HTTP1_REQUEST, lengths),
	TABLE(HTTP1_REQUEST, codings),
	TABLE(HTTP1_REQUEST, fields),
	TABLE(HTTP1_REQUEST, lines),
	TABLE(HTTP1_RESPONSE, responses),
	{ HTTP1_REQUEST, POST TE "\r\n", "(POST /a chunked)", chunks,
	  ARRAY_LEN(chunks) },
};

static void
check_row(const struct table *tab, const struct row *r)
{
	char in[1024], want[1024];
	struct trace t;
	const char *got;

	snprintf(in, sizeof(in), "%s%s", tab->prefix_in, r->in);
	snprintf(want, sizeof(want), "%s%s", tab->prefix_want, r->want);
	trace_init(&t, tab->kind, r->answers);
	trace_feed(&t, slice_str(in));
	got = trace_eof(&t);
	ck_assert_msg(strcmp(got, want) == 0, "%s:\n got %s\nwant %s", r->what,
		      got, want);
	trace_release(&t);
}

/* Every trap is framed, marked or refused as its row says. */
START_TEST(traps_are_framed_as_their_rows_say)
{
	const struct table *tab = &tables[_i];

	for (size_t i = 0; i < tab->n; i++)
		check_row(tab, &tab->rows[i]);
}
END_TEST

/* Every trap gives the same trace when its bytes come one by one, and for
 * every way to cut it in two. */
START_TEST(traps_do_not_depend_on_how_they_are_cut)
{
	const struct table *tab = &tables[_i];

	for (size_t i = 0; i < tab->n; i++) {
		const struct row *r = &tab->rows[i];
		char in[1024], want[1024];
		size_t n;

		snprintf(in, sizeof(in), "%s%s", tab->prefix_in, r->in);
		snprintf(want, sizeof(want), "%s%s", tab->prefix_want,
			 r->want);
		n = strlen(in);
		for (size_t cut = 0; cut <= n; cut++) {
			struct trace t;

			trace_init(&t, tab->kind, r->answers);
			/* cut 0 stands for: byte by byte */
			for (size_t k = 0; cut == 0 && k < n; k++)
				trace_feed(&t, slice_of(in + k, 1));
			if (cut > 0)
				trace_feed(&t, slice_of(in, cut));
			if (cut > 0)
				trace_feed(&t, slice_of(in + cut, n - cut));
			ck_assert_msg(strcmp(trace_eof(&t), want) == 0,
				      "%s, cut at %zu:\n got %s\nwant %s",
				      r->what, cut, buf_cstr(&t.text), want);
			trace_release(&t);
		}
	}
}
END_TEST

static void
check_bytes(struct slice in, const char *want)
{
	struct trace t;

	trace_init(&t, HTTP1_REQUEST, NULL);
	trace_feed(&t, in);
	ck_assert_str_eq(trace_eof(&t), want);
	trace_release(&t);
}

/* NUL is refused wherever it stands in a head (a C string cannot hold it). */
START_TEST(nul_in_a_head_is_refused)
{
	check_bytes(SLICE("GET /\0 HTTP/1.1\r\n\r\n"), "!");
	check_bytes(SLICE("G\0T / HTTP/1.1\r\n\r\n"), "!");
	check_bytes(SLICE(GET "X: a\0b\r\n\r\n"), "!");
	check_bytes(SLICE(GET "X\0: a\r\n\r\n"), "!");
	check_bytes(SLICE(GET "\0\r\n\r\n"), "!");
	check_bytes(SLICE(POST TE "\r\n4\0\r\nabcd"), "(POST /a chunked)!");
}
END_TEST

/* A control byte is noticed wherever it stands in a value of any length. */
START_TEST(control_bytes_are_seen_at_every_place)
{
	static const char odd[] = "\x01\x1f\x7f";
	char text[128];

	for (size_t n = 1; n <= 33; n++) {
		for (size_t at = 0; at < n; at++) {
			size_t len = (size_t)snprintf(text, sizeof(text),
				GET "X: %0*d\r\n\r\n", (int)n, 0);

			text[len - 4 - n + at] = odd[(n + at) % 3];
			check_bytes(slice_of(text, len), "(GET /a none ?).$");
			text[len - 4 - n + at] = '\t';
			check_bytes(slice_of(text, len), "(GET /a none).$");
			text[len - 4 - n + at] = '\x80';
			check_bytes(slice_of(text, len), "(GET /a none).$");
		}
	}
}
END_TEST

Suite *suite_http1_traps(void);

Suite *
suite_http1_traps(void)
{
	Suite *s = suite_create("http1_traps");
	TCase *tc = tcase_create("traps");

	tcase_add_loop_test(tc, traps_are_framed_as_their_rows_say, 0,
			    (int)ARRAY_LEN(tables));
	tcase_add_loop_test(tc, traps_do_not_depend_on_how_they_are_cut, 0,
			    (int)ARRAY_LEN(tables));
	tcase_add_test(tc, nul_in_a_head_is_refused);
	tcase_add_test(tc, control_bytes_are_seen_at_every_place);
	suite_add_tcase(s, tc);
	return s;
}
