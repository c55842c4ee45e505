/* Takes an offer of h2c out of a request's fields. */
#include <dvr/wire/upgrade.h>

bool
upgrade_offers_h2c(struct slice upgrade, struct slice settings)
{
	return settings.p != NULL && slice_ieq(upgrade, SLICE("h2c"));
}

bool
upgrade_is_field(struct slice name)
{
	return slice_ieq(name, SLICE("upgrade")) ||
	       slice_ieq(name, SLICE("http2-settings"));
}

bool
upgrade_decline(struct slice connection, struct buf *out)
{
	struct slice rest = connection;
	size_t n = 0;

	while (rest.p) {
		struct slice item = slice_trim(slice_cut(&rest, ','));

		if (upgrade_is_field(item) || item.n == 0)
			continue;
		if (n++ > 0)
			buf_adds(out, ", ");
		buf_add(out, item);
	}
	return n > 0;
}
