/* Carries out numpy's operations on arrays (world, agent, number), many in one call, with numpy's bits. */

#include <math.h>
#include <stdint.h>

enum { ADD, SUBTRACT, MULTIPLY, DIVIDE, GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, EQUAL, NOT_EQUAL, ABSOLUTE, NEGATIVE, SQRT, DOT };

/* What Python fills */
struct operand { /* of an array: its address, and by how many bytes the next world, agent and number are further on */
  char *data;
  intptr_t world, agent, number;
};
struct operation {
  int code, width; /* of the arrays that are read; a dot product writes one number */
  struct operand left, right, result;
};

static const double *at(const struct operand *o, int w, int a) {
  return (const double *)(const void *)(o->data + w * o->world + a * o->agent);
}

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
    default: /* a dot product, as BLAS computes that of a few numbers */
      for (int i = 0; i < n; i++) sum = fma(left[i * one], right[i * other], sum);
      *result = sum;
  }
}

/* Carry out operations one after the other, for each of so many worlds and agents in turn: what lies between them is
   in the same few places for all, and stays in the processor's cache. */
void roboschool_carry_out(const struct operation *operations, int count, int worlds, int agents) {
  for (int w = 0; w < worlds; w++)
    for (int a = 0; a < agents; a++)
      for (int k = 0; k < count; k++) carry_out(operations + k, w, a);
}
