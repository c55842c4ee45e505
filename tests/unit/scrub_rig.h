/* A scrubber, a recording under construction and the tape made of it. */
#ifndef TESTS_SCRUB_RIG_H
#define TESTS_SCRUB_RIG_H

#include <dvr/scrub/scrub.h>
#include <dvr/tape/yaml.h>

#define RIG_EXCHANGES 80

struct rig {
	struct scrub *scrub;
	struct arena *arena;
	struct recording rec;
	struct exchange x[RIG_EXCHANGES];
	struct tape_lane lane;
	struct tape tape;
	bool scrubbed;
};

void rig_init(struct rig *r, const struct scrub_rule *rules, size_t n);
void rig_release(struct rig *r);
/* A new exchange: `head` is a start line and header lines, each ended by a
 * newline; the answer is an empty 200. */
struct exchange *rig_request(struct rig *r, const char *head,
			     struct slice body);
/* Its answer instead. */
void rig_answer(struct rig *r, struct exchange *x, const char *head,
		struct slice body);
/* Runs the scrubber; the rig's tape is then valid. */
const struct tape *rig_scrub(struct rig *r);
/* All of the clean tape: tape.yaml, the files beside it, printed messages. */
struct slice rig_everything(struct rig *r);
/* Fails when `secret` stands there raw, percent-coded, in base64 or hex. */
void rig_assert_gone(struct rig *r, const char *what, struct slice secret);
/* A secret that no literal of the source holds; letters and digits. */
struct slice rig_secret(struct rig *r, const char *seed, size_t n);
struct slice rig_gzip(struct rig *r, struct slice plain);
/* printf into the rig's arena. */
char *rig_fmt(struct rig *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Clean head and body of a message as one text. */
const char *rig_text(struct rig *r, const struct message *m);

#endif
