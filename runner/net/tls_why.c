/* Says in a few words why TLS failed, and with which alert to pass that on. */
#include "tls_session.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>

/* Peers' alerts in OpenSSL's numbering of reasons. */
#define ALERT_FIRST SSL_AD_REASON_OFFSET
#define ALERT_LAST (SSL_AD_REASON_OFFSET + 255)

static int
received_alert(unsigned long code)
{
	int reason = ERR_GET_REASON(code);

	if (ERR_GET_LIB(code) != ERR_LIB_SSL || reason < ALERT_FIRST ||
	    reason > ALERT_LAST)
		return -1;
	return reason - ALERT_FIRST;
}

static const struct { int alert; const char *why; } alerts[] = {
	{ SSL_AD_UNKNOWN_CA, "the peer does not trust our certificate "
		"(alert: unknown CA)" },
	{ SSL_AD_BAD_CERTIFICATE, "the peer refused our certificate "
		"(alert: bad certificate)" },
	{ SSL_AD_CERTIFICATE_UNKNOWN, "the peer refused our certificate "
		"(alert: certificate unknown)" },
	{ SSL_AD_CERTIFICATE_EXPIRED, "the peer refused our certificate "
		"(alert: certificate expired)" },
	{ SSL_AD_CERTIFICATE_REQUIRED, "the peer asks for a client "
		"certificate (alert: certificate required)" },
	{ SSL_AD_PROTOCOL_VERSION, "no common version of TLS "
		"(alert: protocol version)" },
	{ SSL_AD_UNRECOGNIZED_NAME, "the peer does not know the name "
		"(alert: unrecognized name)" },
	{ SSL_AD_NO_APPLICATION_PROTOCOL, "no common protocol "
		"(alert: no application protocol)" },
};

static const struct { int reason; const char *why; } reasons[] = {
	{ SSL_R_UNEXPECTED_EOF_WHILE_READING, "the peer closed the connection "
		"in the middle of TLS" },
	{ SSL_R_WRONG_VERSION_NUMBER, "the peer does not speak TLS" },
	{ SSL_R_HTTP_REQUEST, "the peer speaks plain HTTP" },
	{ SSL_R_HTTPS_PROXY_REQUEST, "the peer speaks plain HTTP" },
	{ SSL_R_PACKET_LENGTH_TOO_LONG, "the peer does not speak TLS" },
	{ SSL_R_UNSUPPORTED_PROTOCOL, "no common version of TLS" },
	{ SSL_R_NO_SHARED_CIPHER, "no common cipher" },
};

static void
say(struct tls *t, const char *why)
{
	snprintf(t->why, sizeof(t->why), "%s", why);
}

static bool
say_from_tables(struct tls *t, unsigned long code)
{
	int alert = received_alert(code), reason = ERR_GET_REASON(code);

	for (size_t i = 0; i < ARRAY_LEN(alerts); i++)
		if (alerts[i].alert == alert) {
			say(t, alerts[i].why);
			return true;
		}
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (ERR_GET_LIB(code) == ERR_LIB_SSL &&
		    reasons[i].reason == reason) {
			say(t, reasons[i].why);
			return true;
		}
	return false;
}

static int
alert_for(const struct tls *t)
{
	int alert = received_alert(ERR_peek_last_error());

	if (alert >= 0)
		return alert;
	switch (SSL_get_verify_result(t->ssl)) {
	case X509_V_OK:
		return SSL_AD_HANDSHAKE_FAILURE;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return SSL_AD_CERTIFICATE_EXPIRED;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return SSL_AD_UNKNOWN_CA;
	default:	/* of OpenSSL's numbers, not of ours */
		return SSL_AD_BAD_CERTIFICATE;
	}
}

void
tls_explain(struct tls *t, int saved_errno)
{
	unsigned long code = ERR_peek_last_error();
	long verified = SSL_get_verify_result(t->ssl);
	const char *words;

	t->alert = alert_for(t);
	if (!t->ca && verified != X509_V_OK) {
		snprintf(t->why, sizeof(t->why), "the server's certificate: %s",
			 X509_verify_cert_error_string(verified));
		return;
	}
	if (code && say_from_tables(t, code))
		return;
	words = code ? ERR_reason_error_string(code) : NULL;
	if (words)
		say(t, words);
	else if (saved_errno)
		say(t, strerror(saved_errno));
	else
		say(t, "the peer closed the connection in the middle of TLS");
}

int
tls_alert_of(const struct tls *t)
{
	return t->alert ? t->alert : SSL_AD_HANDSHAKE_FAILURE;
}
