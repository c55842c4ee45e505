/* Header fields that no value travels in from an answer to a request. */
#ifndef RELATE_PLUMBING_H
#define RELATE_PLUMBING_H

#include <dvr/relate/values.h>

/* An answer's, that tells of the connection and not of the service. */
bool value_is_plumbing(const struct value *v);
/* A request's, that the client writes of itself. */
bool value_is_clients_own(const struct value *v);

#endif
