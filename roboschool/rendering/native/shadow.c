/* Shadows of triangle meshes: rays to the sun, few where they agree with those nearby. */

#include <math.h>
#include <string.h>

#include "structures.h"

static const float CLEAR = 1e-3F; /* how far from a face a ray to the sun begins, at least [m] */
enum { FEW = 4, RAYS = 16, CELLS = TILE / 2 }; /* rays at first, and where these differ; cells in a row of a tile */
static const float AIMS[RAYS][2] = {/* on the sun's disc */
    {0.00F, 0.95F},   {0.82F, -0.47F},  {-0.82F, -0.47F}, {0.15F, 0.10F},  {-0.25F, 0.22F}, {0.10F, -0.38F},
    {0.45F, 0.20F},   {-0.52F, -0.10F}, {0.20F, 0.56F},   {0.48F, -0.42F}, {-0.35F, -0.55F}, {-0.45F, 0.57F},
    {0.68F, 0.42F},   {0.04F, -0.82F},  {-0.85F, 0.10F},  {0.88F, 0.00F}};

/* Note the points that a mesh may take light from: those whose light meets its box. */
static void may_shade(const float sun[3], const struct solid *s, const struct batch *b, int *open) {
  const float *r = s->turn, x = s->centre[0], y = s->centre[1], z = s->centre[2], radius = s->radius, *half = s->half;
  float to_sun[3];
  for (int axis = 0; axis < 3; axis++)
    to_sun[axis] = 1.0F / (fabsf(s->to_sun[axis]) < 1e-6F ? 1e-6F : s->to_sun[axis]);
  const float sx = to_sun[0], sy = to_sun[1], sz = to_sun[2], ax = fabsf(sx), ay = fabsf(sy), az = fabsf(sz);
  for (int i = 0; i < b->count; i++) {
    float px = b->px[i] - x, py = b->py[i] - y, pz = b->pz[i] - z, ahead = -(px * sun[0] + py * sun[1] + pz * sun[2]);
    float wider = SPREAD * most(ahead + radius, 0.0F) + CLEAR;
    float mx = -(r[0] * px + r[3] * py + r[6] * pz) * sx, kx = (half[0] + wider) * ax;
    float my = -(r[1] * px + r[4] * py + r[7] * pz) * sy, ky = (half[1] + wider) * ay;
    float mz = -(r[2] * px + r[5] * py + r[8] * pz) * sz, kz = (half[2] + wider) * az;
    float near = most(most(mx - kx, my - ky), most(mz - kz, 0.0F)), far = least(least(mx + kx, my + ky), mz + kz);
    float faces = b->nx[i] * sun[0] + b->ny[i] * sun[1] + b->nz[i] * sun[2];
    open[i] = (near <= far) & (faces > 0.0F) & (b->lit[i] > 0.0F) & (b->t[i] < NEVER);
  }
}

/* Rays to the sun, of points of a batch, past a mesh that may take them. */
struct asking {
  const struct solid *solid;
  const struct batch *batch;
  int own;
  float east[3], north[3]; /* in the frame of the mesh */
  struct packet rays;
  int counted[PACKET]; /* where each ray of the packet is counted */
  int dark[MOST];      /* rays that the mesh takes */
};

static void answer(struct asking *a) {
  int count = a->rays.count;
  if (!count) return;
  hit_mesh(a->solid->mesh, &a->rays, 1);
  for (int k = 0; k < count; k++) a->dark[a->counted[k]] += a->rays.triangle[k] >= 0;
  a->rays.count = 0;
}

/* Ask for the light that point `i` gets from one place of the sun; count it at `at`. */
static void ask(struct asking *a, int i, const float aim[2], int at) {
  const struct batch *b = a->batch;
  const struct solid *s = a->solid;
  struct packet *p = &a->rays;
  float lift = b->id[i] / FACES == a->own && b->id[i] >= 0 ? 2e-4F * b->t[i] + CLEAR : CLEAR, from[3];
  const float start[3] = {b->px[i] + lift * b->nx[i], b->py[i] + lift * b->ny[i], b->pz[i] + lift * b->nz[i]};
  int k = p->count++;
  turn_back(s->turn, start, from);
  a->counted[k] = at, p->far[k] = NEVER;
  p->x[k] = from[0] + s->eye[0], p->y[k] = from[1] + s->eye[1], p->z[k] = from[2] + s->eye[2];
  p->dx[k] = s->to_sun[0] + SPREAD * (aim[0] * a->east[0] + aim[1] * a->north[0]);
  p->dy[k] = s->to_sun[1] + SPREAD * (aim[0] * a->east[1] + aim[1] * a->north[1]);
  p->dz[k] = s->to_sun[2] + SPREAD * (aim[0] * a->east[2] + aim[1] * a->north[2]);
  if (p->count == PACKET) answer(a);
}

/* The points of a tile that a mesh may take light from, and what is known of them. Arrays over pixels are framed by pixels
   that nothing is known of, arrays over cells of 2 x 2 pixels by such cells. */
struct doubt {
  int open[MOST];                  /* whether more must be known (point) */
  int places[MOST], cells[MOST];   /* of points (point) */
  int aims[MOST], rays[MOST];      /* places of the sun that have been asked for, a bit each; their number (pixel) */
  int cell_rays[MOST], cell_dark[MOST], cell_ids[MOST]; /* of the point that has been asked for a cell: what it is on */
};

/* Return whether all rays of a place and of the eight around it, in rows of `wide`, say the same. */
static int agree(const int *rays, const int *dark, int wide, int at) {
  int asked = 0, taken = 0;
  for (int row = at - wide; row <= at + wide; row += wide)
    for (int k = row - 1; k <= row + 1; k++) asked += rays[k], taken += dark[k];
  return asked >= FEW && (taken == 0 || taken == asked);
}

static void ask_once(struct asking *a, struct doubt *d, int i, int aim) {
  int at = d->places[i], bit = 1 << aim;
  if (d->aims[at] & bit) return;
  ask(a, i, AIMS[aim], at);
  d->aims[at] |= bit, d->rays[at]++;
}

/* Ask for the light that open points get from some places of the sun. Those of several points nearby go together. */
static void ask_all(struct asking *a, struct doubt *d, int first, int last) {
  int points[PACKET];
  for (int i = 0, count = 0; i < a->batch->count; i++) {
    if (d->open[i]) points[count++] = i;
    if (count < PACKET && i + 1 < a->batch->count) continue;
    for (int aim = first; aim < last; aim++)
      for (int k = 0; k < count; k++) ask_once(a, d, points[k], aim);
    count = 0;
  }
  answer(a);
}

static void settle(struct batch *b, struct doubt *d, int i, int dark) {
  d->open[i] = 0;
  if (dark) b->lit[i] = 0.0F;
}

/* Settle points by rays of a pixel in each cell, then by one of each pixel, where those around say the same. At the sides
   of a tile less is known of what is around: there pixels have two rays, so that two of them have all the FEW. */
static void ask_few(struct asking *a, struct doubt *d, const struct box *tile, int wide, struct batch *b) {
  static const int CHOSEN[4] = {0, 2, 3, 1}; /* pixels of cells, so that each row and each column has some */
  int parts[MOST], beside[MOST];
  for (int i = 0; i < b->count; i++) {
    int x = b->at[i] % wide - (int)tile->left, y = b->at[i] / wide - (int)tile->top;
    d->places[i] = (y + 1) * FRAMED + x + 1, d->cells[i] = (y / 2 + 1) * (CELLS + 2) + x / 2 + 1;
    parts[i] = y % 2 * 2 + x % 2, beside[i] = x == 0 || y == 0 || x == TILE - 1 || y == TILE - 1;
    if (d->open[i] && parts[i] == CHOSEN[y / 2 % 2 * 2 + x / 2 % 2]) ask_once(a, d, i, parts[i]);
  }
  answer(a);
  for (int i = 0; i < b->count; i++) {
    int cell = d->cells[i];
    if (!d->rays[d->places[i]]) continue;
    d->cell_rays[cell] = 1, d->cell_dark[cell] = a->dark[d->places[i]], d->cell_ids[cell] = b->id[i];
  }
  for (int i = 0; i < b->count; i++) {
    int at = d->places[i], cell = d->cells[i], row = cell / (CELLS + 2), column = cell % (CELLS + 2);
    if (!d->open[i]) continue;
    int inner = row > 1 && row < CELLS && column > 1 && column < CELLS && d->cell_rays[cell] && d->cell_ids[cell] == b->id[i];
    if (inner && agree(d->cell_rays, d->cell_dark, CELLS + 2, cell)) {
      settle(b, d, i, d->cell_dark[cell]);
      d->rays[at] = 1, a->dark[at] = d->cell_dark[cell];
      continue;
    }
    ask_once(a, d, i, parts[i]);
    if (beside[i]) ask_once(a, d, i, FEW - 1 - parts[i]);
  }
  answer(a);
  for (int i = 0; i < b->count; i++)
    if (d->open[i] && agree(d->rays, a->dark, FRAMED, d->places[i])) settle(b, d, i, a->dark[d->places[i]]);
}

/* Take light from the points of a batch, all of one tile. Where the sun shows in part they ask for all its places, and
   of several points in a pixel each is asked for one. */
void shade_mesh(const struct view *v, const struct solid *s, int own, const struct box *tile, struct batch *b) {
  struct asking a = {.solid = s, .batch = b, .own = own};
  struct doubt d = {.open = {0}};
  turn_back(s->turn, v->ground->light.east, a.east), turn_back(s->turn, v->ground->light.north, a.north);
  may_shade(v->ground->light.sun, s, b, d.open);
  if (b->samples > 1) {
    for (int i = 0; i < b->count; i++)
      if (d.open[i]) ask(&a, i, AIMS[i % RAYS], i);
    answer(&a);
    for (int i = 0; i < b->count; i++)
      if (a.dark[i]) b->lit[i] = 0.0F;
    return;
  }
  ask_few(&a, &d, tile, v->picture->width, b);
  ask_all(&a, &d, 0, FEW);
  for (int i = 0; i < b->count; i++)
    if (d.open[i] && a.dark[d.places[i]] % FEW == 0) settle(b, &d, i, a.dark[d.places[i]]);
  ask_all(&a, &d, FEW, RAYS);
  for (int i = 0; i < b->count; i++)
    if (d.open[i]) b->lit[i] = least(b->lit[i], 1.0F - (float)a.dark[d.places[i]] / (float)RAYS);
}
