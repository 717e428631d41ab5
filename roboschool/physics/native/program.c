/* Carries out numpy's operations on arrays (world, agent, number), many in one call, with numpy's bits; and observes. */

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

struct observation {
  int worlds, agents, width;
  const int *columns;         /* of each number its place in the row of the state; -1: a sensor has written it */
  const double *state;        /* rows of `stride` numbers (world, agent) */
  const double *read;         /* what sensors have written (world, agent, width) */
  const double *offset, *scale; /* (1, width), or (world, width) */
  const double *low, *high;   /* (width) */
  intptr_t stride, own;       /* own: how many numbers the offset of the next world is further on */
  float *result;              /* (world, agent, width) */
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

/* Write (number - offset) x scale of the numbers of the state that are picked, and what sensors have written, clipped. */
void roboschool_observe(const struct observation *o) {
  for (int row = 0; row < o->worlds * o->agents; row++) {
    const double *state = o->state + row * o->stride, *read = o->read + row * o->width;
    const double *offset = o->offset + row / o->agents * o->own, *scale = o->scale + row / o->agents * o->own;
    for (int i = 0; i < o->width; i++) {
      double number = o->columns[i] < 0 ? read[i] : (state[o->columns[i]] - offset[i]) * scale[i];
      number = number < o->low[i] ? o->low[i] : number > o->high[i] ? o->high[i] : number;
      o->result[row * o->width + i] = (float)number;
    }
  }
}
