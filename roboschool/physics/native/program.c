/* Carries out numpy's operations on arrays (world, agent, number), many in one call, with numpy's bits; and observes. */

#include <math.h>

#include "structures.h"

enum { ADD, SUBTRACT, MULTIPLY, DIVIDE, GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, EQUAL, NOT_EQUAL, ABSOLUTE, NEGATIVE, SQRT, DOT, CLIP };

static const double *at(const struct operand *o, int w, int a) {
  return (const double *)(const void *)(o->data + w * o->world + a * o->agent);
}

static double clip(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

#define EACH(expression)                                                                        \
  for (int i = 0; i < n; i++) {                                                                 \
    const double x = left[i * one], y = right[i * other];                                       \
    (void)y;                                                                                    \
    result[i] = expression;                                                                     \
  }                                                                                             \
  break;

static void carry_out(const struct operation *o, int w, int a) {
  const double *left = at(&o->left, w, a), *right = at(&o->right, w, a);
  const intptr_t one = o->left.number / (intptr_t)sizeof(double), other = o->right.number / (intptr_t)sizeof(double);
  const int n = o->width;
  double *result = (double *)(void *)(o->result.data + w * o->result.world + a * o->result.agent), sum = 0.0;
  switch (o->code) {
    case ADD: EACH(x + y)
    case SUBTRACT: EACH(x - y)
    case MULTIPLY: EACH(x * y)
    case DIVIDE: EACH(x / y)
    case GREATER: EACH(x > y)
    case GREATER_EQUAL: EACH(x >= y)
    case LESS: EACH(x < y)
    case LESS_EQUAL: EACH(x <= y)
    case EQUAL: EACH(x == y)
    case NOT_EQUAL: EACH(x != y)
    case ABSOLUTE: EACH(fabs(x))
    case NEGATIVE: EACH(-x)
    case SQRT: EACH(sqrt(x))
    case CLIP: EACH(clip(x, -y, y))
    default: /* a dot product, as BLAS computes that of a few numbers */
      for (int i = 0; i < n; i++) sum = fma(left[i * one], right[i * other], sum);
      *result = sum;
  }
}

/* Write (number - offset) x scale of the numbers of the state that are picked, and what sensors have written, clipped. */
static void observe(const struct observation *o, int w) {
  const double *offset = o->offset + w * o->own, *scale = o->scale + w * o->own;
  for (int row = w * o->agents; row < (w + 1) * o->agents; row++) {
    const double *state = o->state + row * o->stride, *read = o->read + row * o->width;
    for (int i = 0; i < o->width; i++) {
      const double number = o->columns[i] < 0 ? read[i] : (state[o->columns[i]] - offset[i]) * scale[i];
      o->result[row * o->width + i] = (float)clip(number, o->low[i], o->high[i]);
    }
  }
}

void compute(const struct kernel *kernel, int i) {
  for (int a = 0; a < kernel->agents; a++)
    for (int k = 0; k < kernel->count; k++) carry_out(kernel->operations + k, i, a);
  if (kernel->observation) observe(kernel->observation, i);
}

/* Compute a kernel for worlds: chosen are the numbers of count of them; NULL: the first so many. */
void roboschool_compute(const struct kernel *kernel, const int *chosen, int count) {
  for (int k = 0; k < count; k++) compute(kernel, chosen ? chosen[k] : k);
}
