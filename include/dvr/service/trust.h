/*
 * What a program must be told to believe the run's authority: a folder with a
 * bundle (the system's certificates and ours) in the forms that programs
 * read, and the variables that lead them there.  Only certificates are in
 * it, never a key; it goes with us, also when we die.
 */
#ifndef DVR_SERVICE_TRUST_H
#define DVR_SERVICE_TRUST_H

#include <dvr/base/process.h>
#include <dvr/net/tls_ca.h>

struct trust;

int trust_create(const struct tls_ca *ca, struct trust **out, struct err *e);
/* NULL is fine. */
void trust_destroy(struct trust *t);
/* Sets every variable; what stood in JAVA_TOOL_OPTIONS stays. */
void trust_env(const struct trust *t, struct env *v);
/* The bundle as PEM: what SSL_CERT_FILE is set to. */
const char *trust_bundle(const struct trust *t);
/* How many of the certificates are the system's: 0 tells that none was
 * found, and what is not reached through us will not be believed. */
size_t trust_system_count(const struct trust *t);

/* Makes `url` the proxy of a program for all but this machine: HTTP_PROXY and
 * its kin, NO_PROXY (what it had stays) and Java's properties. */
void trust_proxy_env(const char *url, struct env *v);

#endif
