/* SHA-256, SHA-1, HMAC (OpenSSL), hex and base64 (RFC 4648). */
#ifndef DVR_BASE_HASH_H
#define DVR_BASE_HASH_H

#include <dvr/base/buf.h>

#define SHA256_BYTES 32
#define SHA256_HEX 65		/* with NUL */

void sha256(struct slice s, unsigned char out[SHA256_BYTES]);
/* Lower-case hex, NUL-terminated. */
void sha256_hex(struct slice s, char out[SHA256_HEX]);
/* Incremental form; sha256_end() frees. */
struct sha256;
struct sha256 *sha256_begin(void);
void sha256_more(struct sha256 *h, struct slice s);
void sha256_end(struct sha256 *h, unsigned char out[SHA256_BYTES]);
void hmac_sha256(struct slice key, struct slice msg,
		 unsigned char out[SHA256_BYTES]);

#define SHA1_BYTES 20
/* For protocols that name it (WebSocket's handshake); it proves nothing. */
void sha1(struct slice s, unsigned char out[SHA1_BYTES]);

void hex_encode(struct slice s, struct buf *out);
void base64_encode(struct slice s, struct buf *out);
void base64url_encode(struct slice s, struct buf *out);	/* no padding */
/* Both alphabets, padding optional, no white space; -1 when malformed. */
int base64_decode(struct slice s, struct buf *out);

#endif
