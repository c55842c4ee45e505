/* Honest traffic, drawn from templates. */
#include "clean_traffic.h"

#include <dvr/base/buf.h>

#include <stdio.h>
#include <string.h>

/*
 * In a template a tilde and a letter stand for a drawn value: ~u UUID, ~s SHA-1,
 * ~S SHA-256, ~h 8 hex, ~H 32 hex, ~e seconds, ~m milliseconds, ~M microseconds,
 * ~t time, ~d date, ~w word, ~W Words, ~n small number, ~N 10 digits, ~9 nine
 * digits, ~f snowflake, ~l long number, ~p price, ~v version, ~q four-part
 * version, ~b base64 of 24 bytes, ~c product code, ~i ISBN, ~E EAN, ~T trace id,
 * ~g ETag, ~o small decimal, ~r ratio, ~k 3-3-4 code, ~a private address.
 */
static const struct template {
	const char *name, *type, *target;
	const char *head, *item, *tail;
} templates[] = {
	{ "payment", "application/json", "/v1/charges?limit=100",
	  "{\"object\":\"list\",\"url\":\"/v1/charges\",\"has_more\":false,"
	  "\"data\":[",
	  "{\"id\":\"ch_3~W~h\",\"object\":\"charge\",\"amount\":~n,"
	  "\"amount_refunded\":0,\"balance_transaction\":\"txn_1~W~h\","
	  "\"currency\":\"usd\",\"created\":~e,\"customer\":\"cus_~W~h\","
	  "\"description\":\"~w ~w\",\"livemode\":false,\"paid\":true,"
	  "\"payment_method_details\":{\"card\":{\"brand\":\"visa\","
	  "\"checks\":{\"cvc_check\":\"pass\"},\"country\":\"US\",\"exp_month"
	  "\":8,\"exp_year\":2031,\"funding\":\"credit\",\"network\":\"visa\","
	  "\"fingerprint\":\"~W~h\"},\"type\":\"card\"},\"receipt_number\":"
	  "\"~9\",\"fee\":\"~p\",\"tax_rate\":~r,\"status\":\"succeeded\","
	  "\"statement_descriptor_suffix\":null,\"refunds\":{\"url\":\"/v1/"
	  "charges/ch_3~W~h/refunds\",\"total_count\":~n},\"metadata\":{"
	  "\"order\":\"~k\",\"sku\":\"~c\",\"cart\":\"~u\"}}", "]}" },
	{ "repositories", "application/json; charset=utf-8",
	  "/repos/octo/~w/commits?per_page=100&page=2",
	  "[", "{\"sha\":\"~s\",\"node_id\":\"C_kwDO~b\",\"commit\":{\"tree\":"
	  "{\"sha\":\"~s\",\"url\":\"https://api.git.example/repos/octo/~w/git"
	  "/trees/~s\"},\"message\":\"~w: ~w the ~w (#~n)\\n\\nThis reverts ~s."
	  "\",\"author\":{\"login\":\"~w-~n\",\"id\":~N,\"date\":\"~t\"},"
	  "\"comment_count\":~n,\"verification\":{\"verified\":false,\"reason"
	  "\":\"unsigned\",\"payload\":null}},\"parents\":[{\"sha\":\"~s\"}],"
	  "\"stats\":{\"additions\":~n,\"deletions\":~n},\"tag\":\"v~v\","
	  "\"author_association\":\"MEMBER\",\"clone\":\"git@git.example:octo/"
	  "~w.git\",\"sort_key\":\"~m\"}", "]" },
	{ "cloud", "application/json", "/instances?max-results=500",
	  "{\"kind\":\"compute#instanceList\",\"nextPageToken\":\"~b\","
	  "\"items\":[",
	  "{\"kind\":\"compute#instance\",\"id\":\"~f\",\"creationTimestamp\":"
	  "\"~t\",\"name\":\"~w-~h\",\"machineType\":\"zones/us-central1-a/"
	  "machineTypes/n2-standard-~n\",\"fingerprint\":\"~h=\",\"networkIP\":"
	  "\"~a\",\"labelFingerprint\":\"42W~h=\",\"arn\":\"arn:aws:ec2:eu-west"
	  "-1:~N12:instance/i-0~H\",\"ami\":\"ami-0~h\",\"cpuPlatform\":\"Ice "
	  "Lake\",\"tags\":{\"items\":[\"~w\",\"~w\"]},\"disks\":[{\"diskSizeGb"
	  "\":\"~n\",\"deviceName\":\"disk-~n\",\"licenses\":[\"~l\"]}],"
	  "\"lastStartTimestamp\":\"~t\",\"etag\":\"~g\",\"key\":\"~w/~w/~n."
	  "png\"}", "]}" },
	{ "kubernetes", "application/json", "/api/v1/namespaces/~w/pods",
	  "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{"
	  "\"resourceVersion\":\"~N\",\"continue\":\"\"},\"items\":[",
	  "{\"metadata\":{\"name\":\"~w-~h-x7k2p\",\"generateName\":\"~w-~h-\","
	  "\"namespace\":\"~w\",\"uid\":\"~u\",\"resourceVersion\":\"~N\","
	  "\"creationTimestamp\":\"~t\",\"labels\":{\"app\":\"~w\",\"pod-"
	  "template-hash\":\"~h\"},\"annotations\":{\"checksum/config\":\"~S\"}"
	  "},\"spec\":{\"containers\":[{\"name\":\"~w\",\"image\":\"registry."
	  "example/~w:~v@sha256:~S\",\"ports\":[{\"containerPort\":8080}],"
	  "\"env\":[{\"name\":\"LOG_LEVEL\",\"value\":\"info\"},{\"name\":"
	  "\"TZ\",\"value\":\"UTC\"}],\"resources\":{\"limits\":{\"cpu\":\""
	  "~nm\",\"memory\":\"~nMi\"}}}],\"tolerationSeconds\":300},\"status\":"
	  "{\"phase\":\"Running\",\"podIP\":\"~a\",\"hostIP\":\"~a\",\"startTime"
	  "\":\"~t\",\"containerID\":\"containerd://~S\",\"addresses\":[{\"type"
	  "\":\"InternalIP\",\"address\":\"~a\"},{\"type\":\"Hostname\","
	  "\"address\":\"~w-~n\"}]}}", "]}" },
	{ "packages", "application/json", "/~w",
	  "{\"_id\":\"~w\",\"_rev\":\"~n-~H\",\"dist-tags\":{\"latest\":\"~v\"},"
	  "\"versions\":{\"0.0.0\":{}",
	  ",\"~v-~h\":{\"name\":\"@~w/~w\",\"version\":\"~v\",\"dependencies\":"
	  "{\"~w\":\"^~v\",\"~w\":\"~~~v\",\"@types/~w\":\">=~v <~v\"},"
	  "\"dist\":{\"integrity\":\"sha512-~b~b~b==\",\"shasum\":\"~s\","
	  "\"tarball\":\"https://registry.example/~w/-/~w-~v.tgz\",\"fileCount"
	  "\":~n,\"unpackedSize\":~n},\"_nodeVersion\":\"~v\",\"_npmVersion\":"
	  "\"~v\",\"engines\":{\"node\":\">=~n\"},\"assemblyVersion\":\"~q\",\"keywords"
	  "\":[\"token\",\"password\",\"~w\"],\"bin\":{\"~w\":\"bin/icon@2x.png"
	  "\"}}", "}}" },
	{ "openapi", "application/yaml", "/openapi.yaml",
	  "openapi: 3.1.0\ninfo:\n  title: ~w\n  version: ~v\npaths:\n",
	  "  /~w/{~w_id}/~w:\n    get:\n      operationId: get~W\n      "
	  "summary: Returns the ~w of a ~w\n      security:\n        - "
	  "bearerAuth: []\n      parameters:\n        - {name: ~w_id, in: path,"
	  " required: true, schema: {type: string, format: uuid}}\n        - "
	  "name: page_token\n          in: query\n          schema: {type: "
	  "string, maxLength: ~n}\n      responses:\n        '200':\n          "
	  "description: ok\n          content:\n            application/json:\n"
	  "              schema: {$ref: '#/components/schemas/~W'}\n          "
	  "    example: {id: ~u, price: ~p, at: '~t', code: ~c}\n", "" },
	{ "openapi-json", "application/json", "/openapi.json",
	  "{\"openapi\":\"3.0.3\",\"components\":{\"securitySchemes\":{"
	  "\"bearerAuth\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearer"
	  "Format\":\"JWT\"},\"apiKey\":{\"type\":\"apiKey\",\"in\":\"header\","
	  "\"name\":\"X-Request-Id\"}},\"schemas\":{\"x\":{}",
	  ",\"~W~h\":{\"type\":\"object\",\"required\":[\"id\",\"~w\"],"
	  "\"properties\":{\"id\":{\"type\":\"integer\",\"format\":\"int64\","
	  "\"example\":~N},\"~w\":{\"type\":\"string\",\"pattern\":\"^[0-9]{3}-"
	  "[0-9]{2}-[0-9]{4}$\",\"maxLength\":~n},\"count\":{\"minimum\":0,"
	  "\"maximum\":2147483647},\"at\":{\"example\":\"~t\"}}}", "}}}" },
	{ "analytics", "application/x-www-form-urlencoded", "/g/collect?v=2",
	  "v=2&tid=G-~c&cid=~N.~e&sid=~e&_p=~N&ul=en-us&sr=1920x1080",
	  "&en=page_view&_et=~n&ep.~w=~w&epn.value=~p&dl=https%3A%2F%2Fshop."
	  "example%2F~w%2F~n%3Futm_source%3D~w%26page%3D~n&dt=~W+~W&_s=~n&"
	  "gtm=45je~n&uid=~u&ts=~m&item=~c&ean=~E", "" },
	{ "csv", "text/csv", "/export.csv",
	  "order,sku,ean,isbn,qty,price,placed,epoch,ref,batch,weight\n",
	  "~9,~c,~E,~i,~n,~p,~t,~e,~k,~l,~o\n", "" },
	{ "log", "text/plain", "/logs/app",
	  "", "~t INFO [~w-~n] ~w.~W - request_id=~u trace=~T status=200 "
	  "bytes=~n took=~oms cache=HIT etag=~g\n~a - - [~d:12:13:14 +0000] "
	  "\"GET /~w/~n?page=~n HTTP/1.1\" 200 ~n \"-\" \"Mozilla/5.0 (X11; "
	  "Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/~q "
	  "Safari/537.36\"\nlevel=warn ts=~m caller=~w.go:~n msg=\"~w took "
	  "~o\" pid=~n seq=~f order=~9 build=~s\n\tat com.example.~w.~W.run("
	  "~W.java:~n)\n", "" },
	{ "html", "text/html; charset=utf-8", "/~w",
	  "<!doctype html><html lang=\"en\"><head><title>~W</title></head>"
	  "<body><h1>Forgot your password?</h1>",
	  "<div class=\"~w-~n\" id=\"~w_~h\" data-key=\"~n\"><a href=\"/~w/~n?"
	  "sort=~w&amp;page=~n\">~W ~w</a><img src=\"/static/~H/logo@2x.png\" "
	  "alt=\"~w\"><p>Costs <b>$~p</b>, version ~q, ISBN ~i. Call it "
	  "~w at ~t, code ~c.</p><svg><path d=\"M~o ~o L~o,~o C~r ~r 1.5.2\"/>"
	  "</svg><script src=\"https://cdn.example/~w@~v/~w.min.js\" integrity"
	  "=\"sha384-~b~b\"></script></div>\n", "</body></html>" },
	{ "graphql", "application/json", "/graphql",
	  "{\"data\":{\"edges\":[",
	  "{\"cursor\":\"Y3Vyc29y~b\",\"node\":{\"id\":\"~b\",\"__typename\":"
	  "\"~W\",\"databaseId\":~N,\"fullDatabaseId\":\"~f\",\"createdAt\":"
	  "\"~t\",\"score\":~o,\"ratio\":~r,\"state\":\"OPEN\",\"author\":"
	  "{\"login\":\"~w\"},\"code\":\"~W\",\"oid\":\"~s\",\"micros\":~M,"
	  "\"color\":\"#~h\",\"matrix\":[~o,~o,~r,-~o],\"std\":\"std::~w::~W\","
	  "\"duration\":\"12:34:56.~n\",\"max_tokens\":~n,\"usage\":{\"prompt_"
	  "tokens\":~n},\"token_type\":\"bearer\"}}", "],\"pageInfo\":{"
	  "\"hasNextPage\":true}}}" },
	{ "xml", "application/xml", "/?list-type=2&prefix=~w",
	  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns="
	  "\"http://s3.example.com/doc/2006-03-01/\"><Name>~w</Name>",
	  "<Contents><Key>~w/~w-~n.tar.gz</Key><LastModified>~t</LastModified>"
	  "<ETag>&quot;~H&quot;</ETag><ChecksumAlgorithm>CRC32</Checksum"
	  "Algorithm><Size>~N</Size><Owner><ID>~S</ID></Owner><Version>~q"
	  "</Version><StorageClass>STANDARD</StorageClass></Contents>",
	  "<IsTruncated>false</IsTruncated></ListBucketResult>" },
};

_Static_assert(sizeof(templates) / sizeof(templates[0]) == CLEAN_KINDS,
	       "CLEAN_KINDS says how many there are");

struct drawing {
	uint64_t state;
	struct buf *out;
};

static uint64_t
next(struct drawing *d)
{
	d->state ^= d->state << 13;	/* xorshift64 */
	d->state ^= d->state >> 7;
	d->state ^= d->state << 17;
	return d->state;
}

static void
draw_of(struct drawing *d, const char *letters, size_t n)
{
	size_t count = strlen(letters);

	while (n-- > 0)
		buf_addc(d->out, letters[next(d) >> 7 & 0xffff ?
			 (next(d) >> 11) % count : 0]);
}

static void
hex(struct drawing *d, size_t n)
{
	draw_of(d, "0123456789abcdef", n);
}

static unsigned
below(struct drawing *d, unsigned n)
{
	return (unsigned)((next(d) >> 9) % n);
}

static const char *const words[] = { "author", "monkey", "tokenizer", "card",
	"passenger", "compass", "keyboard", "secretary", "shipping", "invoice",
	"session", "address", "status", "cart", "checkout", "dashboard", "pinned",
	"sidecar", "phone", "codec", "stateful", "signal", "passport", "bearer",
	"region", "display", "basic", "cookie", "license", "route", "email" };

static void
word(struct drawing *d, bool capital)
{
	char text[32];

	snprintf(text, sizeof(text), "%s",
		 words[below(d, sizeof(words) / sizeof(words[0]))]);
	if (capital)
		text[0] = (char)(text[0] - 'a' + 'A');
	buf_adds(d->out, text);
}

static void
uuid(struct drawing *d)
{
	hex(d, 8);
	buf_addc(d->out, '-');
	hex(d, 4);
	buf_adds(d->out, "-4");
	hex(d, 3);
	buf_adds(d->out, "-a");
	hex(d, 3);
	buf_addc(d->out, '-');
	hex(d, 12);
}

static const char digits[] = "0123456789";
static const char b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
	"yz0123456789+/";

/* Numbers of 16 digits that pass for cards by issuer and check digit cannot be
 * told from them: these begin as no card does, or with a wrong check digit. */
static void
long_number(struct drawing *d)
{
	char text[17];
	unsigned sum = 0;

	for (size_t i = 0; i < 16; i++)
		text[i] = digits[below(d, 10)];
	text[0] = '4';
	text[15] = '0';
	text[16] = '\0';
	for (size_t i = 0; i < 16; i++) {
		unsigned v = (unsigned)(text[15 - i] - '0') *
			     (i % 2 ? 2 : 1);

		sum += v > 9 ? v - 9 : v;
	}
	text[15] = digits[(11 - sum % 10) % 10];	/* one too much */
	buf_adds(d->out, text);
}

static void
number(struct drawing *d, char what)
{
	switch (what) {
	case 'e':
		buf_fmt(d->out, "17%08u", below(d, 100000000));
		break;
	case 'm':
		buf_fmt(d->out, "17%08u%03u", below(d, 100000000),
			below(d, 1000));
		break;
	case 'M':
		buf_fmt(d->out, "17%08u%06u", below(d, 100000000),
			below(d, 1000000));
		break;
	case 'n':
		buf_fmt(d->out, "%u", below(d, 10000) + 2);
		break;
	case 'N':
		buf_fmt(d->out, "%u%09u", below(d, 9) + 1,
			below(d, 1000000000));
		break;
	case '9':
		buf_fmt(d->out, "%09u", below(d, 1000000000));
		break;
	case 'f':
		buf_fmt(d->out, "1%09u%09u", below(d, 1000000000),
			below(d, 1000000000));
		break;
	case 'l':
		long_number(d);
		break;
	case 'p':
		buf_fmt(d->out, "%u.%02u", below(d, 4000), below(d, 100));
		break;
	case 'o':
		buf_fmt(d->out, "%u.%04u", below(d, 90), below(d, 10000));
		break;
	case 'r':
		buf_fmt(d->out, "0.%08u%08u", below(d, 100000000),
			below(d, 100000000));
		break;
	}
}

static void
code(struct drawing *d, char what)
{
	switch (what) {
	case 'v':
		buf_fmt(d->out, "%u.%u.%u", below(d, 30), below(d, 60),
			below(d, 400));
		break;
	case 'q':
		buf_fmt(d->out, "%u.%u.%u.%u", below(d, 140), below(d, 3),
			below(d, 9000), below(d, 250));
		break;
	case 'c':
		draw_of(d, "ABCDEFGHJKMNPQRSTVWXYZ", 3);
		buf_fmt(d->out, "-%04u-", below(d, 10000));
		draw_of(d, "ABCDEFGHJKMNPQRSTVWXYZ23456789", 4);
		break;
	case 'i':
		buf_fmt(d->out, "978-3-16-%06u-%u", below(d, 1000000),
			below(d, 10));
		break;
	case 'E':
		buf_fmt(d->out, "4006%09u", below(d, 1000000000));
		break;
	case 'T':
		buf_adds(d->out, "00-");
		hex(d, 32);
		buf_addc(d->out, '-');
		hex(d, 16);
		buf_adds(d->out, "-01");
		break;
	case 'g':
		buf_adds(d->out, "W/'");
		hex(d, 4);
		buf_addc(d->out, '-');
		hex(d, 16);
		buf_addc(d->out, '\'');
		break;
	case 'k':
		buf_fmt(d->out, "%02u-%05u-%03u", below(d, 100),
			below(d, 100000), below(d, 1000));
		break;
	case 'a':
		buf_fmt(d->out, "10.%u.%u.%u", below(d, 256), below(d, 256),
			below(d, 255) + 1);
		break;
	}
}

static void
place(struct drawing *d, char what)
{
	switch (what) {
	case 'u':
		uuid(d);
		break;
	case 's':
		hex(d, 40);
		break;
	case 'S':
		hex(d, 64);
		break;
	case 'h':
		hex(d, 8);
		break;
	case 'H':
		hex(d, 32);
		break;
	case 't':
		buf_fmt(d->out, "2026-%02u-%02uT%02u:%02u:%02u.%03uZ",
			below(d, 12) + 1, below(d, 28) + 1, below(d, 24),
			below(d, 60), below(d, 60), below(d, 1000));
		break;
	case 'd':
		buf_fmt(d->out, "%02u/Nov/2026", below(d, 28) + 1);
		break;
	case 'w':
	case 'W':
		word(d, what == 'W');
		break;
	case 'b':
		draw_of(d, b64, 32);
		break;
	case '~':
		buf_addc(d->out, '~');
		break;
	default:
		number(d, what);
		code(d, what);
	}
}

static void
fill(struct drawing *d, const char *text)
{
	for (; *text; text++) {
		if (*text == '~' && text[1])
			place(d, *++text);
		else
			buf_addc(d->out, *text);
	}
}

struct clean_body
clean_traffic(struct arena *a, unsigned kind, unsigned seed, size_t bytes)
{
	const struct template *t = &templates[kind];
	struct clean_body done = { .name = t->name, .type = t->type };
	struct buf b;
	struct drawing d = { .out = &b, .state = seed * 0x9e3779b97f4a7c15ull +
			     kind + 1 };
	bool list;

	buf_init(&b, bytes * 2 + 64 * KiB);
	fill(&d, t->target);
	done.target = arena_str(a, buf_slice(&b));
	buf_clear(&b);
	fill(&d, t->head);
	list = slice_ends(buf_slice(&b), SLICE("["));
	for (size_t n = 0; b.n < bytes; n++) {
		if (list && n > 0)
			buf_addc(&b, ',');
		fill(&d, t->item);
	}
	fill(&d, t->tail);
	done.text = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}
