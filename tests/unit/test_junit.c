/* JUnit as its readers take it: well-formed, stable, whatever the bytes. */
#include "report_scene.h"

#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <libxml/xpath.h>

#include <locale.h>

struct document {
	struct report_scene scene;
	struct buf text;
	xmlDocPtr doc;
	xmlXPathContextPtr path;
};

static void
document_open_as(struct document *d, const struct report_style *style)
{
	struct err e = { 0 };

	buf_init(&d->text, MiB);
	ck_assert_int_eq(reporter_find("junit")->print(&d->scene.r, style,
						       &d->text, &e), 0);
	d->doc = xmlReadMemory(d->text.p, (int)d->text.n, "junit.xml", NULL,
			       XML_PARSE_NONET);
	ck_assert_ptr_nonnull(d->doc);
	d->path = xmlXPathNewContext(d->doc);
}

static void
document_open(struct document *d)
{
	document_open_as(d, &(struct report_style){ 0 });
}

static void
document_close(struct document *d)
{
	xmlXPathFreeContext(d->path);
	xmlFreeDoc(d->doc);
	buf_release(&d->text);
}

static void
assert_xpath(struct document *d, const char *expr, const char *want)
{
	xmlXPathObjectPtr o;
	xmlChar *got;

	o = xmlXPathEvalExpression((const xmlChar *)expr, d->path);
	ck_assert_ptr_nonnull(o);
	got = xmlXPathCastToString(o);
	ck_assert_msg(strcmp((const char *)got, want) == 0,
		      "%s: '%s', not '%s'", expr, (const char *)got, want);
	xmlFree(got);
	xmlXPathFreeObject(o);
}

/* Verdicts become the elements that readers know, and the sums agree. */
START_TEST(verdicts_have_their_elements)
{
	struct document d;

	report_scene_init(&d.scene);
	document_open(&d);
	assert_xpath(&d, "count(//testsuite)", "7");
	assert_xpath(&d, "count(//testcase)", "11");
	assert_xpath(&d, "string(/testsuites/@tests)", "11");
	assert_xpath(&d, "count(//failure)", "1");
	assert_xpath(&d, "string(/testsuites/@failures)", "1");
	assert_xpath(&d, "count(//error)", "2");
	assert_xpath(&d, "string(/testsuites/@errors)", "2");
	assert_xpath(&d, "count(//skipped)", "2");
	assert_xpath(&d, "string(/testsuites/@skipped)", "2");
	assert_xpath(&d, "string(//skipped[1]/@type)", "dvr.xfail");
	assert_xpath(&d, "count(//flakyFailure[@type][@message]/stackTrace)",
		     "1");
	assert_xpath(&d, "string(//testcase[@name='verdict']/error/@type)",
		     "dvr.tape");
	/* A type that is not ours could be a cast in GitLab's reader. */
	assert_xpath(&d, "count(//@type[not(starts-with(., 'dvr.'))])", "0");
	document_close(&d);
}
END_TEST

/* Names, places and times as each reader wants them. */
START_TEST(a_failure_tells_where_and_what)
{
	struct document d;

	report_scene_init(&d.scene);
	document_open(&d);
	assert_xpath(&d, "string(//testcase[failure]/@name)",
		     "POST /api/v2/checkout/process_payment");
	assert_xpath(&d, "string(//testcase[failure]/@classname)", "dvr.x");
	assert_xpath(&d, "string(//testcase[failure]/@file)",
		     "fixtures/x/tape.yaml");
	assert_xpath(&d, "string(//testcase[failure]/@line)", "50");
	assert_xpath(&d, "string(//testcase[failure]/@time)", "0.060");
	assert_xpath(&d, "string(//testsuite[1]/@timestamp)",
		     "2026-11-18T11:06:40Z");
	assert_xpath(&d, "starts-with(//failure, 'fixtures/x/tape.yaml:50: "
			 "the recorded failure came again')", "true");
	assert_xpath(&d, "contains(//failure, 'reproduce: dvr regress x')",
		     "true");
	assert_xpath(&d, "count(//testcase[failure]/system-out)", "1");
	assert_xpath(&d, "string(//testsuite[1]/properties/property"
			 "[@name='dvr.hash']/@value)", "7889a");
	document_close(&d);
}
END_TEST

/* Control bytes and bad UTF-8 are shown escaped; colours are dropped. */
START_TEST(hostile_bytes_are_escaped)
{
	struct document d;

	report_scene_init(&d.scene);
	document_open(&d);
	assert_xpath(&d, "starts-with(//testsuite[3]//error/@message, "
			 "'red \\x07 \\xff\\xfe ]]> <&\"')", "true");
	assert_xpath(&d, "contains(//testsuite[3]//error, '\\xef\\xbf\\xbe')",
		     "true");
	for (size_t i = 0; i < d.text.n; i++) {
		unsigned char c = (unsigned char)d.text.p[i];

		ck_assert(c >= 0x20 || c == '\n');
	}
	document_close(&d);
}
END_TEST

/* Every byte alone, and every pair with a lead byte, stays well-formed. */
START_TEST(every_byte_is_carried)
{
	struct document d;
	char bytes[3];

	for (int lead = 0; lead < 256; lead += 3) {
		report_scene_init(&d.scene);
		bytes[0] = (char)lead;
		bytes[1] = (char)(lead * 7);
		bytes[2] = (char)(255 - lead);
		d.scene.tapes[2].reason = slice_of(bytes, 3);
		d.scene.hostile[0].message = slice_of(bytes, 3);
		d.scene.hostile[0].name = slice_of(bytes + 1, 2);
		document_open(&d);
		document_close(&d);
	}
}
END_TEST

static int
validate(xmlDocPtr doc)
{
	xmlRelaxNGParserCtxtPtr parser;
	xmlRelaxNGValidCtxtPtr valid;
	xmlRelaxNGPtr schema;
	int rc;

	parser = xmlRelaxNGNewParserCtxt("tests/golden/report/junit-10.rng");
	schema = xmlRelaxNGParse(parser);
	ck_assert_ptr_nonnull(schema);
	valid = xmlRelaxNGNewValidCtxt(schema);
	rc = xmlRelaxNGValidateDoc(valid, doc);
	xmlRelaxNGFreeValidCtxt(valid);
	xmlRelaxNGFree(schema);
	xmlRelaxNGFreeParserCtxt(parser);
	return rc;
}

/* The strict profile holds to what Jenkins' schema allows; the rich one says
 * more than that. */
START_TEST(the_strict_profile_is_valid)
{
	const struct report_style strict = { .junit_strict = true };
	struct document d;

	report_scene_init(&d.scene);
	document_open_as(&d, &strict);
	ck_assert_int_eq(validate(d.doc), 0);
	assert_xpath(&d, "count(//testcase)", "11");
	assert_xpath(&d, "count(//testcase/@file | //testcase/@line)", "0");
	document_close(&d);
	document_open(&d);
	ck_assert_int_gt(validate(d.doc), 0);
	document_close(&d);
}
END_TEST

/* A tape can be one case: its verdict, its worst finding, its log. */
START_TEST(a_tape_can_be_one_case)
{
	const struct report_style tapes = { .junit_tapes = true };
	struct document d;

	report_scene_init(&d.scene);
	document_open_as(&d, &tapes);
	assert_xpath(&d, "count(//testcase)", "7");
	assert_xpath(&d, "count(//testcase[@name='verdict'])", "7");
	assert_xpath(&d, "string(/testsuites/@tests)", "7");
	assert_xpath(&d, "string(/testsuites/@failures)", "1");
	assert_xpath(&d, "string(/testsuites/@errors)", "2");
	assert_xpath(&d, "count(//flakyFailure)", "1");
	assert_xpath(&d, "string(//testsuite[2]/testcase/@time)", "0.413");
	assert_xpath(&d, "contains(//testsuite[2]//failure, "
			 "'5.resp.body#/total')", "true");
	assert_xpath(&d, "count(//testsuite[2]//system-out)", "1");
	document_close(&d);
}
END_TEST

/* What other replays of a failed tape ended in stands beside the finding. */
START_TEST(reruns_are_told)
{
	const struct report_style strict = { .junit_strict = true };
	struct replay_result two[2];
	struct document d;

	report_scene_init(&d.scene);
	two[0] = d.scene.replays[2];
	two[1] = d.scene.replays[1];
	d.scene.tapes[1].replays = two;
	d.scene.tapes[1].nreplays = 2;
	d.scene.tapes[1].retries = 1;
	document_open_as(&d, &strict);
	ck_assert_int_eq(validate(d.doc), 0);
	assert_xpath(&d, "count(//testsuite[2]//failure)", "1");
	assert_xpath(&d, "count(//testsuite[2]//testcase[failure]/rerunError"
			 "[@type][@message]/stackTrace)", "1");
	document_close(&d);
}
END_TEST

/* An interrupted run is an error of its own: tests="0" would look green. */
START_TEST(an_interruption_is_an_error)
{
	const struct report_style strict = { .junit_strict = true };
	struct document d;

	report_scene_init(&d.scene);
	d.scene.r.partial = true;
	d.scene.r.ntapes = 0;
	document_open_as(&d, &strict);
	ck_assert_int_eq(validate(d.doc), 0);
	assert_xpath(&d, "string(/testsuites/@errors)", "1");
	assert_xpath(&d, "string(/testsuites/@tests)", "1");
	assert_xpath(&d, "starts-with(//error/@message, 'interrupted')",
		     "true");
	document_close(&d);
}
END_TEST

/* A locale with a decimal comma changes nothing. */
START_TEST(times_have_a_dot_in_every_locale)
{
	struct document d;

	if (!setlocale(LC_NUMERIC, "de_DE.UTF-8"))
		setlocale(LC_NUMERIC, "fr_FR.UTF-8");
	report_scene_init(&d.scene);
	document_open(&d);
	setlocale(LC_NUMERIC, "C");
	assert_xpath(&d, "string(/testsuites/@time)", "2.500");
	assert_xpath(&d, "string(//testsuite[1]/@time)", "0.413");
	document_close(&d);
}
END_TEST

/* The whole file, so that a change of form is seen in a review. */
START_TEST(the_file_is_as_agreed)
{
	struct document d;

	report_scene_init(&d.scene);
	document_open(&d);
	report_golden("junit.xml", &d.text);
	document_close(&d);
}
END_TEST

Suite *suite_junit(void);

Suite *
suite_junit(void)
{
	Suite *s = suite_create("junit");
	TCase *c = tcase_create("junit");

	tcase_add_test(c, verdicts_have_their_elements);
	tcase_add_test(c, a_failure_tells_where_and_what);
	tcase_add_test(c, hostile_bytes_are_escaped);
	tcase_add_test(c, every_byte_is_carried);
	tcase_add_test(c, times_have_a_dot_in_every_locale);
	tcase_add_test(c, the_strict_profile_is_valid);
	tcase_add_test(c, a_tape_can_be_one_case);
	tcase_add_test(c, reruns_are_told);
	tcase_add_test(c, an_interruption_is_an_error);
	tcase_add_test(c, the_file_is_as_agreed);
	suite_add_tcase(s, c);
	return s;
}
