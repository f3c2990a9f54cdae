/* load.c - see load.h. */
#include "daemon/load.h"

enum { COMPLAINTS_MAX = 1000, DIAG_ARENA_BYTES = 16 << 20 };

void loaded_drop(struct loaded *l)
{
	if (l->catalogue)
		catalogue_unref(l->catalogue);
	config_unref(l->config);
	*l = (struct loaded){ 0 };
}

static int load_catalogue(struct loaded *l, struct diags *d, struct err *e)
{
	struct catalogue_options o = { .hours = l->config->hours };

	o.zone = zone_open(l->config->timezone, e);
	if (!o.zone)
		return err_wrap(e, "timezone");
	l->catalogue = catalogue_load(l->config->catalogue.list, l->config->catalogue.n, &o, d);
	if (!l->catalogue) {
		if (diags_check(d, e) == 0)
			err_set(e, ERR_MEMORY, "no memory for the catalogue");
		return err_wrap(e, "catalogue");
	}
	return 0;
}

int load_all(const char *path, const struct config_overrides *o, FILE *complaints,
	     struct loaded *out, struct err *e)
{
	struct arena arena;
	struct diags diags;
	int rc = -1;

	*out = (struct loaded){ 0 };
	arena_init(&arena, DIAG_ARENA_BYTES);
	diags_init(&diags, &arena, COMPLAINTS_MAX);
	out->config = config_load(path, o, &diags, e);
	if (out->config)
		rc = load_catalogue(out, &diags, e);
	if (rc < 0)
		loaded_drop(out);
	diags_print(&diags, complaints);
	arena_release(&arena);
	return rc;
}
