/* The XML walker: places, values, spans; hostile documents. */
#include "field_trace.h"

#include <check.h>

Suite *suite_field_xml(void);

static void
assert_xml(const char *text, const char *want)
{
	assert_trace(field_walk, field_format_named("xml"), slice_str(text),
		     want);
}

static void
assert_broken(struct slice text)
{
	struct arena *a = arena_create();
	struct buf b;

	buf_init(&b, 64 * MiB);
	ck_assert_int_eq(field_walk(field_format_named("xml"), a, text, NULL,
				    NULL), FIELD_BROKEN);
	buf_release(&b);
	arena_destroy(a);
}

/* Names stay as they are written; these places are in people's masks. */
START_TEST(soap_has_its_places)
{
	assert_xml("<?xml version=\"1.0\"?>\n"
		   "<soap:Envelope xmlns:soap=\"http://x/\">\n"
		   "  <soap:Body><Login id='7'><user>Ada &amp; Bob</user>"
		   "<password><![CDATA[a<b]]></password></Login>"
		   "</soap:Body>\n</soap:Envelope>\n",
		   "/soap:Envelope { \n"
		   "/soap:Envelope/@xmlns:soap s http://x/\n"
		   "/soap:Envelope/soap:Body { \n"
		   "/soap:Envelope/soap:Body/Login { \n"
		   "/soap:Envelope/soap:Body/Login/@id s 7\n"
		   "/soap:Envelope/soap:Body/Login/user s Ada & Bob\n"
		   "/soap:Envelope/soap:Body/Login/password s a<b\n");
}
END_TEST

/* The second of a name has its number, and what is in it below. */
START_TEST(items_are_numbered)
{
	assert_xml("<l><i a=\"1\">x</i><i a=\"2\">y</i><i/><j><i>z</i></j></l>",
		   "/l { \n/l/i/@a s 1\n/l/i s x\n/l/i/1/@a s 2\n/l/i/1 s y\n"
		   "/l/i/2 s \n/l/j { \n/l/j/i s z\n");
}
END_TEST

START_TEST(text_beside_elements_has_a_place)
{
	assert_xml("<p>one <b>two</b> three &#x20AC;<!-- no --></p>",
		   "/p { \n/p/#text s one \n/p/b s two\n"
		   "/p/#text/1 s  three \xe2\x82\xac\n");
	assert_xml("<p>a<![CDATA[<]]>b<c/>&#32;<![CDATA[ ]]></p>",
		   "/p { \n/p/#text s a<b\n/p/c s \n");
}
END_TEST

/* Entities are never expanded: a billion laughs stays one reference. */
START_TEST(entities_stay_as_written)
{
	assert_xml("<!DOCTYPE lolz [<!ENTITY a \"ha]>ha\"><!-- ' -->"
		   "<!ENTITY b \"&a;&a;&a;&a;\">]><l>&b;&#38;&#0;</l>",
		   "/l s &b;&&#0;\n");
}
END_TEST

START_TEST(what_is_not_well_formed_is_none)
{
	static const char *const bad[] = { "", "x", "<a>", "<a></b>",
		"<a b=c/>", "<a b='<'/>", "<a/><b/>", "<a/>x", "<1/>",
		"<a b/>", "<a", "<a b='1'c='2'/>", "<!DOCTYPE a [<a/>",
		"<a><![CDATA[x</a>", "<a><!-- </a>", "</a>", "<html><br>" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_broken(slice_str(bad[i]));
}
END_TEST

START_TEST(an_edit_changes_its_span_alone)
{
	struct slice body = SLICE("<a  x = 'q' ><b>\n1 </b><c y=\"&lt;\"/></a>");
	const struct field_format *xml = field_format_named("xml");
	struct buf b;

	buf_init(&b, 4096);
	put_field(xml, body, "/a/b", SLICE("<&>"), &b);
	ck_assert_str_eq(buf_cstr(&b), "<a  x = 'q' ><b>&lt;&amp;&gt;</b>"
			 "<c y=\"&lt;\"/></a>");
	buf_clear(&b);
	put_field(xml, body, "/a/c/@y", SLICE("'\""), &b);
	ck_assert_str_eq(buf_cstr(&b), "<a  x = 'q' ><b>\n1 </b>"
			 "<c y=\"&apos;&quot;\"/></a>");
	buf_release(&b);
}
END_TEST

/* A hundred thousand levels, and as many that share a long name. */
START_TEST(depth_and_places_have_an_end)
{
	struct buf b;
	size_t i;

	buf_init(&b, 8 * MiB);
	for (i = 0; i < 100000; i++)
		buf_adds(&b, "<a>");
	for (i = 0; i < 100000; i++)
		buf_adds(&b, "</a>");
	assert_broken(buf_slice(&b));
	buf_clear(&b);
	buf_addc(&b, '<');
	for (i = 0; i < 100000; i++)
		buf_addc(&b, 'n');
	buf_addc(&b, '>');
	for (i = 0; i < 200000; i++)
		buf_adds(&b, "<b/>");
	buf_adds(&b, "</");
	for (i = 0; i < 100000; i++)
		buf_addc(&b, 'n');
	buf_addc(&b, '>');
	assert_broken(buf_slice(&b));
	buf_release(&b);
}
END_TEST

Suite *
suite_field_xml(void)
{
	Suite *s = suite_create("field_xml");
	TCase *t = tcase_create("xml");

	tcase_add_test(t, soap_has_its_places);
	tcase_add_test(t, items_are_numbered);
	tcase_add_test(t, text_beside_elements_has_a_place);
	tcase_add_test(t, entities_stay_as_written);
	tcase_add_test(t, what_is_not_well_formed_is_none);
	tcase_add_test(t, an_edit_changes_its_span_alone);
	tcase_add_test(t, depth_and_places_have_an_end);
	suite_add_tcase(s, t);
	return s;
}
