/* The folder with the run's bundle, and the variables that lead to it. */
#include "trust_java.h"

#include <dvr/base/fs.h>
#include <dvr/base/mem.h>
#include <dvr/net/sock.h>
#include <dvr/service/trust.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Debian's bundle has 220 KiB. */
#define BUNDLE_MAX (16u * MiB)
#define JAVA_OPTIONS_MAX (64u * KiB)
#define NO_PROXY_MAX (64u * KiB)
/* In a certificate's PEM form, once each. */
#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"

struct trust {
	char dir[FS_PATH_MAX];
	char pem[FS_PATH_MAX], java[FS_PATH_MAX];
	size_t system;
};

/* Each of them names a file with PEM certificates; all but NODE_EXTRA_CA_CERTS
 * and DENO_CERT in the place of what the program would believe otherwise. */
static const char *const variables[] = {
	"SSL_CERT_FILE",	/* OpenSSL, Go, Ruby, Python's ssl, rustls */
	"NODE_EXTRA_CA_CERTS",
	"REQUESTS_CA_BUNDLE",	/* Python's requests */
	"CURL_CA_BUNDLE",
	"GIT_SSL_CAINFO",
	"AWS_CA_BUNDLE",
	"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
	"PIP_CERT",
	"CARGO_HTTP_CAINFO",
	"DENO_CERT",
	"HTTPLIB2_CA_CERTS",
	"PERL_LWP_SSL_CA_FILE",
	"NIX_SSL_CERT_FILE",
};

/* Debian, Red Hat, SUSE, Alpine and BSD. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

static bool
add_file(const char *path, struct buf *out)
{
	struct buf one;
	bool good;

	if (!path || !path[0])
		return false;
	buf_init(&one, BUNDLE_MAX);
	good = fs_read(path, &one, NULL) == 0 &&
	       slice_find(buf_slice(&one), SLICE(PEM_BEGIN)) >= 0;
	if (good) {
		buf_add(out, buf_slice(&one));
		buf_addc(out, '\n');
	}
	buf_release(&one);
	return good;
}

static size_t
count_certificates(struct slice pem)
{
	size_t n = 0;
	ssize_t at;

	while ((at = slice_find(pem, SLICE(PEM_BEGIN))) >= 0) {
		pem = slice_from(pem, (size_t)at + sizeof(PEM_BEGIN) - 1);
		n++;
	}
	return n;
}

/* What programs believe today: the system's, or what a variable names. */
static void
add_believed(struct buf *out)
{
	bool found = add_file(getenv("SSL_CERT_FILE"), out);

	for (size_t i = 0; i < ARRAY_LEN(bundles) && !found; i++)
		found = add_file(bundles[i], out);
	for (size_t i = 1; i < ARRAY_LEN(variables); i++) {
		const char *path = getenv(variables[i]);
		bool seen = false;

		for (size_t k = 0; path && k < i && !seen; k++) {
			const char *other = getenv(variables[k]);

			seen = other && strcmp(other, path) == 0;
		}
		for (size_t k = 0; path && k < ARRAY_LEN(bundles); k++)
			seen |= strcmp(bundles[k], path) == 0;
		if (!seen)
			add_file(path, out);
	}
}

static int
write_bundle(struct trust *t, const struct tls_ca *ca, struct err *e)
{
	struct buf pem, java;
	int rc = -1;

	buf_init(&pem, BUNDLE_MAX);
	buf_init(&java, BUNDLE_MAX);
	add_believed(&pem);
	t->system = count_certificates(buf_slice(&pem));
	buf_add(&pem, tls_ca_pem(ca));
	if (pem.full) {
		err_set(e, ERR_USAGE, "the system's certificates take more "
			"than 16 MiB");
		goto out;
	}
	/* Who runs as another user has to read them too. */
	if (fs_join(t->pem, t->dir, "bundle.pem", e) < 0 ||
	    fs_join(t->java, t->dir, "bundle.p12", e) < 0 ||
	    fs_write_atomic(t->pem, 0644, buf_slice(&pem), e) < 0)
		goto out;
	if (trust_java_store(buf_slice(&pem), &java) < 0)
		err_set(e, ERR_INTERNAL, "cannot make a trust store for Java");
	else
		rc = fs_write_atomic(t->java, 0644, buf_slice(&java), e);
out:
	buf_release(&pem);
	buf_release(&java);
	return rc;
}

int
trust_create(const struct tls_ca *ca, struct trust **out, struct err *e)
{
	struct trust *t = mem_alloc(sizeof(*t));

	if (fs_temp_dir("dvr-ca", t->dir, e) < 0) {
		free(t);
		return -1;
	}
	process_guard_folder(t->dir);
	if (write_bundle(t, ca, e) < 0) {
		err_prefix(e, "certificates for the suite");
		trust_destroy(t);
		return -1;
	}
	/* Nothing in it is secret, and only we may change it. */
	chmod(t->dir, 0755);
	*out = t;
	return 0;
}

void
trust_destroy(struct trust *t)
{
	if (!t)
		return;
	fs_remove_tree(t->dir, NULL);
	process_unguard_folder(t->dir);
	free(t);
}

const char *
trust_bundle(const struct trust *t)
{
	return t->pem;
}

size_t
trust_system_count(const struct trust *t)
{
	return t->system;
}

/* ---- variables --------------------------------------------------------- */

static void
add_java_options(struct env *v, const char *options)
{
	const char *before = env_get(v, "JAVA_TOOL_OPTIONS");
	struct buf b;

	buf_init(&b, JAVA_OPTIONS_MAX);
	if (before && before[0])
		buf_fmt(&b, "%s ", before);
	buf_adds(&b, options);
	if (!b.full)
		env_set(v, "JAVA_TOOL_OPTIONS", buf_cstr(&b));
	buf_release(&b);
}

void
trust_env(const struct trust *t, struct env *v)
{
	struct buf b;

	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		env_set(v, variables[i], t->pem);
	buf_init(&b, JAVA_OPTIONS_MAX);
	buf_fmt(&b, "-Djavax.net.ssl.trustStore=%s "
		"-Djavax.net.ssl.trustStoreType=PKCS12 "
		"-Djavax.net.ssl.trustStorePassword=%s", t->java,
		TRUST_JAVA_PASSWORD);
	add_java_options(v, buf_cstr(&b));
	buf_release(&b);
}

/* In both spellings: curl knows http_proxy only in small letters. */
static void
set_both(struct env *v, const char *name, const char *value)
{
	char small[32];
	size_t n = strlen(name);

	for (size_t i = 0; i <= n && n < sizeof(small); i++)
		small[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ?
				  name[i] + ('a' - 'A') : name[i]);
	env_set(v, name, value);
	env_set(v, small, value);
}

static void
set_no_proxy(struct env *v)
{
	const char *before = env_get(v, "NO_PROXY");
	struct buf b;

	if (!before || !before[0])
		before = env_get(v, "no_proxy");
	buf_init(&b, NO_PROXY_MAX);
	buf_adds(&b, "localhost,127.0.0.1,::1");
	if (before && before[0])
		buf_fmt(&b, ",%s", before);
	if (!b.full)
		set_both(v, "NO_PROXY", buf_cstr(&b));
	buf_release(&b);
}

void
trust_proxy_env(const char *url, struct env *v)
{
	static const char *const names[] = { "HTTP_PROXY", "HTTPS_PROXY",
					     "ALL_PROXY" };
	struct url u;
	struct buf b;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		set_both(v, names[i], url);
	set_no_proxy(v);
	/* Node from 24 on. */
	env_set(v, "NODE_USE_ENV_PROXY", "1");
	if (url_parse(slice_str(url), &u, NULL) < 0)
		return;
	buf_init(&b, JAVA_OPTIONS_MAX);
	buf_fmt(&b, "-Dhttp.proxyHost=%.*s -Dhttp.proxyPort=%u "
		"-Dhttps.proxyHost=%.*s -Dhttps.proxyPort=%u "
		"-Dhttp.nonProxyHosts=localhost|127.*|[::1]",
		SLICE_ARG(u.host), u.port, SLICE_ARG(u.host), u.port);
	add_java_options(v, buf_cstr(&b));
	buf_release(&b);
}
