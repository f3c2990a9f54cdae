/* binary_ops.c - see binary_ops.h. One loop for each operator, so that none is chosen in it. */
#include "query/binary_ops.h"

#include "query/eval.h"

#define LOOP(result)                                                                               \
	for (size_t k = 0; k < n; k++) {                                                           \
		double x = a[k], y = b[k];                                                         \
		out[k] = is_absent(x) || is_absent(y) ? ABSENT : (result);                         \
	}                                                                                          \
	break

static void arithmetic(enum binary_op op, const double *a, const double *b, size_t n, double *out)
{
	switch (op) {
	case OP_ADD:
		LOOP(x + y);
	case OP_SUB:
		LOOP(x - y);
	case OP_MUL:
		LOOP(x * y);
	case OP_DIV:
		LOOP(x / y);
	case OP_MOD:
		LOOP(fmod(x, y));
	case OP_POW:
		LOOP(pow(x, y));
	case OP_ATAN2:
		LOOP(atan2(x, y));
	default:
		LOOP(ABSENT);
	}
}

#define COMPARE(holds)                                                                             \
	do {                                                                                       \
		if (how->bool_modifier) {                                                          \
			for (size_t k = 0; k < n; k++) {                                           \
				double x = a[k], y = b[k];                                         \
				out[k] = is_absent(x) || is_absent(y) ? ABSENT : (holds) ? 1 : 0;  \
			}                                                                          \
		} else {                                                                           \
			for (size_t k = 0; k < n; k++) {                                           \
				double x = a[k], y = b[k], keep = how->keep_right ? y : x;         \
				bool there = !is_absent(x) && !is_absent(y) && (holds);            \
				out[k] = there ? keep : ABSENT;                                    \
			}                                                                          \
		}                                                                                  \
	} while (0)

static void comparison(const struct binary_how *how, const double *a, const double *b, size_t n,
		       double *out)
{
	switch (how->op) {
	case OP_EQ:
		COMPARE(x == y);
		break;
	case OP_NE:
		COMPARE(x != y);
		break;
	case OP_GT:
		COMPARE(x > y);
		break;
	case OP_LT:
		COMPARE(x < y);
		break;
	case OP_GE:
		COMPARE(x >= y);
		break;
	default:
		COMPARE(x <= y);
	}
}

void binary_rows(const struct binary_how *how, const double *a, const double *b, size_t n,
		 double *out)
{
	if (op_is_comparison(how->op))
		comparison(how, a, b, n, out);
	else
		arithmetic(how->op, a, b, n, out);
}
