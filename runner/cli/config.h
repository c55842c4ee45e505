/*
 * dvr.yaml: the seed's manifest (apiVersion networking.replay.io/v1alpha1,
 * kind StatefulTunnel) with our keys beside it, read strictly: an unknown key
 * is an error with file:line:column and the nearest known one.
 *
 * Relative paths are relative to the configuration's folder.  Strings live in
 * the config's arena.
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include <dvr/ledger/ledger.h>
#include <dvr/proxy/proxy.h>
#include <dvr/replay/trial.h>
#include <dvr/scrub/scrub.h>
#include <dvr/scrub/secrets.h>
#include <dvr/service/service.h>
#include <dvr/tape/descriptors.h>
#include <dvr/tape/plan.h>

enum on_dvr_error { DVR_ERROR_WARN, DVR_ERROR_FAIL };

struct config {
	struct arena *arena;
	char *path;			/* NULL: defaults, no file */
	bool found;			/* as the nearest: nobody named it */
	char *dir;			/* folder of the file, or "." */
	char *name, *namespace;
	char *mode;			/* record, or NULL */
	struct service_config service;
	bool has_service;
	struct lane_config *lanes;
	size_t nlanes;
	struct ledger_config ledger;	/* fixtures is `fixtures` below */
	struct scrub_rule *rules;
	size_t nrules;
	struct secrets_config secrets;
	struct descriptors descriptors;	/* schema NULL: none */
	struct state_config *state;
	size_t nstate;
	struct plan_mask *masks;
	size_t nmasks;
	struct replay_options replay;
	enum isolation_mode isolation;
	char **reach;			/* NULL: nothing */
	struct trial_host *allowed;	/* allow_unreached */
	size_t nallowed;
	bool ahead;			/* the next service starts early */
	bool recorded_clock;
	char *fixtures;
	size_t max_library_bytes;	/* 0: any */
	bool verify;
	bool strict;			/* a tape that is not whole fails */
	unsigned verify_runs;		/* 3 */
	enum on_dvr_error on_dvr_error;
};

/* `path` NULL: the nearest dvr.yaml from here up to the repository's root;
 * none at all gives the defaults with path == NULL. */
int config_load(const char *path, struct config *out, struct err *e);
void config_release(struct config *c);

/* "300s", "50ms", "5m", "1h" → ns; "256MiB", "64KiB", "10" → bytes; 0 or -1. */
int config_duration(struct slice s, uint64_t *ns);
int config_size(struct slice s, size_t *bytes);

/* A path that was written relative to the configuration's folder, as it looks
 * from here: without ".." and relative to the working folder where it lies
 * below it. */
char *config_path(struct config *c, const char *path);

/* Fills *c from the document (config_read.c). */
struct yaml_doc;
int config_read(const struct yaml_doc *d, struct config *c, struct err *e);

#endif
