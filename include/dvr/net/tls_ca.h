/*
 * A certificate authority for one run: P-256 keys that are made in memory and
 * never leave it, leaves by name as they are asked for.  What it signs is
 * valid from 2000 on, for a service whose clock is set back trusts it too.
 */
#ifndef DVR_NET_TLS_CA_H
#define DVR_NET_TLS_CA_H

#include <dvr/base/err.h>
#include <dvr/base/slice.h>

struct tls_ca;

/* "dvr" and a number of its own are in its name. */
struct tls_ca *tls_ca_create(struct err *e);
/* After the last session of it. */
void tls_ca_destroy(struct tls_ca *ca);
/* Its certificate, without the key: PEM and DER; live as long as it does. */
struct slice tls_ca_pem(const struct tls_ca *ca);
struct slice tls_ca_der(const struct tls_ca *ca);

#endif
