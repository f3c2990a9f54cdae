/*
 * rank.h - competition ranks within leagues. Private to assess/.
 *
 * Pure. Equal values share a rank and the places behind them stay empty: 1, 2, 2, 4. Who
 * has no value is not in the list, and so unranked rather than last.
 */
#ifndef ASSESS_RANK_H
#define ASSESS_RANK_H

#include "catalogue/catalogue.h"

struct rank_item {
	enum unit_class class;
	const char *league;    /* "" is a league too */
	double value;          /* larger is better; no NaN */
	void *owner;           /* the caller's */
	unsigned rank, ranked; /* out: place from 1, and how many are in the league */
};

/* Sorts the items by class, league and rank. */
void rank_competition(struct rank_item *items, size_t n);

/* A value turned so that larger is better; false when the indicator has no better side. */
bool rank_oriented(enum direction d, double value, double *out);

#endif
