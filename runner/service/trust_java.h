/* A trust store in the form that Java reads. */
#ifndef SERVICE_TRUST_JAVA_H
#define SERVICE_TRUST_JAVA_H

#include <dvr/base/buf.h>

/* It guards nothing: certificates are public.  Java wants one. */
#define TRUST_JAVA_PASSWORD "changeit"

/* PKCS12 with every certificate of `pem`; -1: none can be made. */
int trust_java_store(struct slice pem, struct buf *out);

#endif
