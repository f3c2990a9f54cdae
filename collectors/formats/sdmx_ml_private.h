/*
 * sdmx_ml_private.h - what is known of an SDMX-ML message while it is read.
 *
 * sdmx_ml.c finds out which element stands where, sdmx_ml_parts.c takes what it says.
 */
#ifndef COLLECTORS_SDMX_ML_PRIVATE_H
#define COLLECTORS_SDMX_ML_PRIVATE_H

#include "base/xml.h"
#include "collectors/formats/sdmx_ml_quick.h"
#include "collectors/formats/sdmx_ml_set.h"

enum { ML_STRUCTURES_MAX = 64 };

enum place {
	NOWHERE,
	DOCUMENT,
	MESSAGE,
	HEADER,
	HEADER_ACTION,
	STRUCTURE,
	STRUCTURE_OF, /* common:Structure, StructureUsage, ProvisionAgreement: a Ref or a URN */
	STRUCTURE_REF,
	SET,
	GROUP,
	SERIES,
	OBS,
	KEY,
	ATTRIBUTES,
	VALUE,
	OBS_DIMENSION,
	OBS_VALUE,
	COMP, /* 3.0: a component with several values */
	COMP_VALUE,
	COMP_TEXT,
	FOOTER,
	FOOTER_MESSAGE,
	FOOTER_TEXT,
};

enum kind { GENERIC, SPECIFIC };

/* What the header says of a structure. */
struct used_structure {
	struct slice id;        /* within the message */
	struct slice name;      /* "AGENCY:ID(VERSION)" */
	struct slice dimension; /* at observation; "AllDimensions" */
};

struct ml {
	struct sdmx_table *table;
	struct ml_set *set;
	struct xml_reader *xml;
	struct slice body;
	struct ml_quick *quick; /* NULL: all goes through expat */
	const char *quick_at;   /* the tag that is read without it; NULL: none is */
	size_t left_out;        /* bytes that expat did not get */
	const char *counted;    /* what lies before is counted in line and column */
	unsigned line, column;
	bool at_tag_end; /* the piece that expat got ends with a tag */
	bool told;       /* a callback has failed, and said where */
	enum kind kind;
	enum place places[XML_DEPTH_MAX + 1];
	unsigned depth;
	struct used_structure used[ML_STRUCTURES_MAX];
	size_t nused;
	const struct used_structure *now; /* that of the data set */
	struct slice action;              /* of the header, for data sets that say none */
	struct arena_mark before_set;
	bool set_refused, series_open;
	size_t nsets;
	struct buf text; /* of the element that is being read */
	struct slice comp;
	bool comp_began;
	struct buf footer; /* what its messages say */
	struct slice footer_code;
};

/* Where the tag at hand stands. */
void ml_place_now(struct ml *m, unsigned *line, unsigned *column);

/* Each takes what an element says: 0, or -1 with the error. */
int ml_message_start(struct ml *m, struct slice name, struct err *e);
int ml_structure_start(struct ml *m, const struct xml_attrs *a, struct err *e);
int ml_structure_ref(struct ml *m, const struct xml_attrs *a, struct err *e);
int ml_structure_urn(struct ml *m, struct err *e);
int ml_header_action(struct ml *m, struct err *e);
int ml_data_set_start(struct ml *m, const struct xml_attrs *a, struct err *e);
int ml_data_set_end(struct ml *m, struct err *e);
int ml_close_series(struct ml *m, struct err *e);
void ml_forget_prefix(struct ml *m);
int ml_record_start(struct ml *m, enum place place, const struct xml_attrs *a, struct err *e);
int ml_value_start(struct ml *m, const struct xml_attrs *a, struct err *e);
int ml_obs_dimension(struct ml *m, const struct xml_attrs *a, struct err *e);
int ml_obs_value(struct ml *m, const struct xml_attrs *a, struct err *e);
int ml_comp_start(struct ml *m, const struct xml_attrs *a, struct err *e);
void ml_comp_value(struct ml *m);
int ml_comp_end(struct ml *m, struct err *e);
int ml_footer_message(struct ml *m, const struct xml_attrs *a, struct err *e);
int ml_footer_text(struct ml *m, struct err *e);
int ml_footer_said(struct ml *m, struct err *e);

#endif
