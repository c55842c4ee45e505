/* A story as JSON, whole: other formats are made of it later. */
#include "json_record.h"

#include <dvr/judge/story.h>

static const char *
kind_word(unsigned k)
{
	return story_kind_name((enum story_kind)k);
}

static const struct json_member body_members[] = {
	{ M("kind", JSON_ENUM, AT(story_body, kind)), .word = kind_word,
	  .words = STORY_BYTES + 1 },
	{ M("bytes", JSON_INT64, AT(story_body, bytes)) },
	{ M("type", JSON_TEXT, AT(story_body, type)), .sparing = true },
	{ M("withheld", JSON_TEXT, AT(story_body, withheld)),
	  .sparing = true },
	{ M("from", JSON_INT64, AT(story_body, from)), .sparing = true },
	{ M("text", JSON_UTF8, AT(story_body, part)), .sparing = true },
	{ M("base64", JSON_BASE64, AT(story_body, part)), .sparing = true },
};
static const struct json_record body_record =
	RECORD(story_body, body_members);

static const struct json_member times_members[] = {
	{ M("sent_us", JSON_INT64, AT(story_times, sent_us)) },
	{ M("answer_us", JSON_INT64, AT(story_times, answer_us)) },
	{ M("end_us", JSON_INT64, AT(story_times, end_us)) },
};
static const struct json_record times_record =
	RECORD(story_times, times_members);

static const struct json_member link_members[] = {
	{ M("from", JSON_TEXT, AT(story_link, from)) },
	{ M("to", JSON_TEXT, AT(story_link, to)) },
};
static const struct json_record link_record =
	RECORD(story_link, link_members);

static const struct json_member scrub_members[] = {
	{ M("rule", JSON_TEXT, AT(scrub_entry, rule)) },
	{ M("field", JSON_TEXT, AT(scrub_entry, field)) },
	{ M("count", JSON_INT64, AT(scrub_entry, count)) },
};
static const struct json_record scrub_record =
	RECORD(scrub_entry, scrub_members);

#define X(member) AT(story_exchange, member)
#define BODY(label, member) \
	{ M(label, JSON_PART, X(member)), .count_at = X(member.known), \
	  .record = &body_record }
#define TIMES(label, member) \
	{ M(label, JSON_PART, X(member)), .count_at = X(member.known), \
	  .record = &times_record }

static const struct json_member exchange_members[] = {
	{ M("id", JSON_UINT, X(id)) },
	{ M("cause", JSON_UINT, X(cause)), .sparing = true },
	{ M("egress", JSON_BOOL, X(egress)) },
	{ M("lane", JSON_TEXT, X(lane)) },
	{ M("name", JSON_TEXT, X(name)) },
	{ M("want", JSON_TEXT, X(want)) },
	{ M("got", JSON_TEXT, X(got)) },
	TIMES("recorded", recorded),
	TIMES("replayed", replayed),
	BODY("asked", asked),
	BODY("want_body", want_body),
	BODY("got_body", got_body),
	{ M("links", JSON_LIST, X(links)), .count_at = X(nlinks),
	  .record = &link_record, .sparing = true },
	{ M("scrubbed", JSON_LIST, X(scrubbed)), .count_at = X(nscrubbed),
	  .record = &scrub_record, .sparing = true },
};
static const struct json_record exchange_record =
	RECORD(story_exchange, exchange_members);

static const struct json_member store_members[] = {
	{ M("name", JSON_TEXT, AT(story_store, name)) },
	{ M("provider", JSON_TEXT, AT(story_store, provider)) },
	{ M("bytes", JSON_INT64, AT(story_store, bytes)) },
	{ M("compared", JSON_BOOL, AT(story_store, compared)) },
	{ M("gone", JSON_TEXTS, AT(story_store, gone)),
	  .count_at = AT(story_store, ngone) },
	{ M("come", JSON_TEXTS, AT(story_store, come)),
	  .count_at = AT(story_store, ncome) },
	{ M("more", JSON_SIZE, AT(story_store, more)), .sparing = true },
};
static const struct json_record store_record =
	RECORD(story_store, store_members);

static const struct json_member story_members[] = {
	{ M("left_out", JSON_SIZE, AT(story, left_out)), .sparing = true },
	{ M("exchanges", JSON_LIST, AT(story, v)), .count_at = AT(story, n),
	  .record = &exchange_record },
	{ M("stores", JSON_LIST, AT(story, stores)),
	  .count_at = AT(story, nstores), .record = &store_record },
};
const struct json_record json_story_record = RECORD(story, story_members);
