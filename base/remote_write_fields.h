/* remote_write_fields.h - the field numbers of remote write 1.0's messages; private to
 * remote_write.c and remote_write_put.c. */
#ifndef BASE_REMOTE_WRITE_FIELDS_H
#define BASE_REMOTE_WRITE_FIELDS_H

enum {
	REQUEST_SERIES = 1,
	REQUEST_METADATA = 3,

	SERIES_LABELS = 1,
	SERIES_SAMPLES = 2,
	SERIES_EXEMPLARS = 3,
	SERIES_HISTOGRAMS = 4,

	LABEL_NAMES = 1,
	LABEL_VALUES = 2,

	SAMPLE_VALUE = 1,
	SAMPLE_TIME = 2,

	METADATA_TYPE = 1,
	METADATA_FAMILY = 2,
	METADATA_HELP = 4,
	METADATA_UNIT = 5,
};

#endif
