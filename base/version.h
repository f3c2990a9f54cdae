/* version.h - one place for the version. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define PARKWATCH_VERSION "0.1.0"

#endif
