/* Route templates, exceptions, operations, signatures and tape ids. */
#include <dvr/relate/route.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_route(void);

static void
assert_template(const char *path, const char *want)
{
	struct buf b;

	buf_init(&b, 4 * KiB);
	route_template(slice_str(path), &b);
	ck_assert_str_eq(buf_cstr(&b), want);
	buf_release(&b);
}

/* Values become {}, names and versions stay. */
START_TEST(values_in_paths_are_collapsed)
{
	assert_template("/api/v2/orders/17/items", "/api/v2/orders/{}/items");
	assert_template("/u/550e8400-e29b-41d4-a716-446655440000", "/u/{}");
	assert_template("/c/deadbeef/feed", "/c/{}/feed");
	assert_template("/x/u17b/y/", "/x/{}/y/");
	assert_template("/m/bob@example.com", "/m/{}");
	assert_template("/m/bob%40example.com?q=1", "/m/{}");
	assert_template("/f/my%20file", "/f/my%20file");
	assert_template("/t/\xe2\x9f\xa6" "dvr:token:8:0123456789abcdef"
			"\xe2\x9f\xa7/x", "/t/{}/x");
	assert_template("http://h:80/a/1", "/a/{}");
	assert_template("/", "/");
	assert_template("", "");
	assert_template("*", "*");
}
END_TEST

static void
assert_exception(const char *line, const char *want)
{
	struct buf b;

	buf_init(&b, 4 * KiB);
	route_normalise_exception(slice_str(line), &b);
	ck_assert_str_eq(buf_cstr(&b), want);
	buf_release(&b);
}

/* Numbers, hex, paths and quoted text are their class. */
START_TEST(exceptions_lose_their_values)
{
	assert_exception("ValueError: bad id 17 at /x/y.py:33",
			 "ValueError: bad id {n} at {path}:{n}");
	assert_exception("TypeError: can't read 'a b' of u17",
			 "TypeError: can't read {text} of u{n}");
	assert_exception("panic at 0x7fff12 in 550e8400-e29b-41d4-a716-"
			 "446655440000", "panic at {hex} in {hex}");
	assert_exception("at C:\\app\\x.cs and ./a.js:1",
			 "at {path} and {path}:{n}");
	assert_exception("user \xe2\x9f\xa6" "dvr:email:14:0123456789abcdef"
			 "\xe2\x9f\xa7 unknown", "user {value} unknown");
	assert_exception("and/or a deadlock", "and/or a deadlock");
}
END_TEST

static struct message
request(const char *line, struct header *h, const char *type,
	const char *body)
{
	*h = (struct header){ .line = SLICE("Content-Type: x"),
			      .name = SLICE("Content-Type"),
			      .value = slice_str(type) };
	return (struct message){
		.present = true, .line = slice_str(line),
		.headers = { h, 1 }, .body = slice_str(body),
	};
}

static void
assert_operation(const char *line, const char *type, const char *body,
		 const char *want)
{
	struct arena *a = arena_create();
	struct header h;
	struct message m = request(line, &h, type, body);
	struct slice got = route_operation(a, &m);

	ck_assert_msg(slice_eq(got, slice_str(want)), "%.*s, not %s",
		      SLICE_ARG(got), want);
	arena_destroy(a);
}

/* GraphQL by name or first field; a search's "query" is none. */
START_TEST(graphql_operations_are_found)
{
	const char *post = "POST /graphql HTTP/1.1", *json = "application/json";

	assert_operation(post, json, "{\"operationName\":\"Pay\",\"query\":"
			 "\"query Pay { me { id } }\"}", "Pay");
	assert_operation(post, json, "{\"query\":\"# c\\n mutation Add($x:Int)"
			 " {a}\"}", "Add");
	assert_operation(post, json, "{\"query\":\"{ alias: cart(id:1) {n}}\"}",
			 "cart");
	assert_operation(post, json, "[{\"query\":\"{a}\"},{\"query\":"
			 "\"{b}\"}]", "a");
	assert_operation("GET /graphql?query=%7Bshop%7D HTTP/1.1", "", "",
			 "shop");
	assert_operation("POST /search HTTP/1.1", json,
			 "{\"query\":\"red shoes\"}", "");
}
END_TEST

/* The headers that name an action. */
START_TEST(operations_in_headers_are_found)
{
	struct header h = { .name = SLICE("SOAPAction"),
			    .value = SLICE("\"urn:pay\"") };
	struct message m = { .headers = { &h, 1 },
			     .line = SLICE("POST / HTTP/1.1") };
	struct arena *a = arena_create();

	ck_assert(slice_eq(route_operation(a, &m), SLICE("urn:pay")));
	h.name = SLICE("x-amz-target");
	h.value = SLICE("DynamoDB_20120810.PutItem");
	ck_assert(slice_eq(route_operation(a, &m),
			   SLICE("DynamoDB_20120810.PutItem")));
	arena_destroy(a);
}
END_TEST

struct failure {
	const char *line, *type, *body, *status, *detail;
	enum trigger_kind kind;
	int value;
};

static void
sign(const struct failure *f, char out[65])
{
	struct header h;
	struct exchange x = { .id = 1 };
	struct trigger t = { .kind = f->kind, .value = f->value,
			     .detail = slice_str(f->detail) };

	x.request = request(f->line, &h, f->type, f->body);
	x.response.present = f->status != NULL;
	x.response.line = slice_str(f->status);
	route_signature(&x, &t, out);
}

static const struct failure base = {
	"POST /cart/17/pay HTTP/1.1", "application/json",
	"{\"items\":[{\"id\":1}],\"user\":\"a\"}", "HTTP/1.1 500 Oops", "",
	TRIGGER_STATUS, 500,
};

static bool
same(const struct failure *f)
{
	char a[65], b[65];

	sign(&base, a);
	sign(f, b);
	return strcmp(a, b) == 0;
}

/* Other ids, other values, more items, another reason phrase: the same. */
START_TEST(values_do_not_change_a_signature)
{
	struct failure f = base;

	f.line = "POST /cart/18/pay?trace=9 HTTP/1.1";
	f.body = "{\"user\":\"b\",\"items\":[{\"id\":7},{\"id\":8}]}";
	f.status = "HTTP/1.1 500 Internal Server Error";
	ck_assert(same(&f));
	f.body = "{\"user\":\"\xe2\x9f\xa6" "dvr:email:9:0123456789abcdef"
		"\xe2\x9f\xa7\",\"items\":[{\"id\":1}]}";
	ck_assert(same(&f));
}
END_TEST

/* Another method, route, status, shape or exception: another failure. */
START_TEST(what_failed_changes_a_signature)
{
	struct failure f[6] = { base, base, base, base, base, base };
	size_t i;

	f[0].line = "PUT /cart/17/pay HTTP/1.1";
	f[1].line = "POST /cart/17/add HTTP/1.1";
	f[2].status = "HTTP/1.1 502 Bad Gateway";
	f[3].body = "{\"items\":[{\"id\":\"1\"}],\"user\":\"a\"}";
	f[4].detail = "KeyError: x";
	f[5].kind = TRIGGER_SIGNAL;
	for (i = 0; i < ARRAY_LEN(f); i++)
		ck_assert_msg(!same(&f[i]), "variant %zu", i);
}
END_TEST

/* A suite's failure without an exchange has a signature as well. */
START_TEST(no_exchange_is_fine)
{
	struct trigger t = { .kind = TRIGGER_SUITE, .value = 1 };
	char sig[65];
	struct buf b;

	buf_init(&b, KiB);
	route_signature(NULL, &t, sig);
	ck_assert_uint_eq(strlen(sig), 64);
	route_tape_id(NULL, &t, sig, &b);
	ck_assert(slice_starts(buf_slice(&b), SLICE("failed-")));
	buf_release(&b);
}
END_TEST

/* Readable, deterministic, [a-z0-9-], and without values of the path. */
START_TEST(tape_ids_are_readable)
{
	struct header h;
	struct exchange x = { .id = 1 };
	struct trigger t = { .kind = TRIGGER_STATUS, .value = 500 };
	struct buf b;

	buf_init(&b, KiB);
	x.request = request("POST /api/v2/Checkout/17/pay?t=1 HTTP/1.1", &h,
			    "", "");
	route_tape_id(&x, &t, "7889abcdef", &b);
	ck_assert_str_eq(buf_cstr(&b), "post-checkout-pay-500-7889a");
	buf_clear(&b);
	t.kind = TRIGGER_SIGNAL;
	x.request.line = SLICE("GET /../..%2f\x01/ HTTP/1.1");
	route_tape_id(&x, &t, "7889abcdef", &b);
	ck_assert_msg(!strpbrk(buf_cstr(&b), "./%\x01"), "%s", buf_cstr(&b));
	buf_release(&b);
}
END_TEST

/* A gRPC call's path names its operation: the version in it is no value. */
START_TEST(calls_are_told_by_their_path)
{
	struct header h;
	struct exchange x = { .id = 1 };
	struct trigger t = { .kind = TRIGGER_GRPC, .value = 13 };
	char one[65], other[65];
	struct buf b;

	buf_init(&b, KiB);
	x.request = request("POST /shop.v1.Cart/AddItem2 HTTP/2", &h,
			    "application/grpc", "");
	route_of(&x.request, &b);
	ck_assert_str_eq(buf_cstr(&b), "/shop.v1.Cart/AddItem2");
	buf_clear(&b);
	route_tape_id(&x, &t, "7889abcdef", &b);
	ck_assert_str_eq(buf_cstr(&b),
			 "post-shop-v1-cart-additem2-grpc-13-7889a");
	route_signature(&x, &t, one);
	x.request.line = SLICE("POST /shop.v1.Stock/AddItem2 HTTP/2");
	route_signature(&x, &t, other);
	ck_assert_str_ne(one, other);
	buf_release(&b);
}
END_TEST

Suite *
suite_route(void)
{
	Suite *s = suite_create("route");
	TCase *tc = tcase_create("route");

	tcase_add_test(tc, values_in_paths_are_collapsed);
	tcase_add_test(tc, calls_are_told_by_their_path);
	tcase_add_test(tc, exceptions_lose_their_values);
	tcase_add_test(tc, graphql_operations_are_found);
	tcase_add_test(tc, operations_in_headers_are_found);
	tcase_add_test(tc, values_do_not_change_a_signature);
	tcase_add_test(tc, what_failed_changes_a_signature);
	tcase_add_test(tc, no_exchange_is_fine);
	tcase_add_test(tc, tape_ids_are_readable);
	suite_add_tcase(s, tc);
	return s;
}
