/* Draws pictures, tile by tile, on threads that end with the call: a fork never finds half of them. */

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "structures.h"

enum { MOST_THREADS = 64 };
static const float CREASE = 0.8F; /* cosine of the least angle between faces of a mesh whose edge is smoothed */
static const float PLACES[SAMPLES][2] = {{0.5625F, 0.3125F}, {0.4375F, 0.6875F}, {0.8125F, 0.5625F}, {0.3125F, 0.1875F},
                                         {0.1875F, 0.8125F}, {0.0625F, 0.4375F}, {0.6875F, 0.9375F}, {0.9375F, 0.0625F}};

struct work {
  struct view *views;
  int *firsts; /* number of the first tile of each picture, then of all tiles */
  int pictures, most; /* shapes of a picture */
  atomic_int next;
};

int roboschool_picture_layout[] = {sizeof(struct shape), sizeof(struct picture), sizeof(struct ground),
                           sizeof(struct mesh),  sizeof(struct mark),    sizeof(struct link),    sizeof(struct node)};

/* Add the ray through a place in the picture [pixels]. */
static void add_ray(const struct view *v, float x, float y, int at, struct batch *b) {
  const struct camera *c = &v->camera;
  int i = b->count++;
  float across = 2.0F * x / (float)v->picture->width - 1.0F, upward = 1.0F - 2.0F * y / (float)v->picture->height;
  float right = across * c->wide, up = upward * c->high;
  b->at[i] = at, b->across[i] = across, b->upward[i] = upward;
  b->dx[i] = c->ahead[0] + right * c->right[0] + up * c->up[0];
  b->dy[i] = c->ahead[1] + right * c->right[1] + up * c->up[1];
  b->dz[i] = c->ahead[2] + right * c->right[2] + up * c->up[2];
}

/* Fill a batch up to a multiple of 8 rays, and let no number be undefined. */
static int pad(struct batch *b) {
  int count = b->count;
  while (b->count % 8) {
    int i = b->count++, last = count - 1;
    b->at[i] = b->at[last], b->across[i] = b->across[last], b->upward[i] = b->upward[last];
    b->dx[i] = b->dx[last], b->dy[i] = b->dy[last], b->dz[i] = b->dz[last];
    b->t[i] = b->t[last], b->id[i] = b->id[last];
    b->mx[i] = b->mx[last], b->my[i] = b->my[last], b->mz[i] = b->mz[last];
  }
  return count;
}

static uint8_t byte_of(float share) { return (uint8_t)(share * 255.0F + 0.5F); }

static void finish(const struct view *v, const struct box *box, int samples, struct batch *b) {
  b->samples = samples;
  paint(v, b);
  dress(v->solids, b);
  paint_terrain(v, b);
  light(v, box, b);
}

/* Colour pixels by one ray each. */
static void colour(const struct view *v, const struct box *box, struct batch *b) {
  if (!b->count) return;
  int count = pad(b);
  finish(v, box, 1, b);
  for (int i = 0; i < count; i++) {
    uint8_t *pixel = v->picture->colours + 3 * (size_t)b->at[i];
    pixel[0] = byte_of(b->red[i]), pixel[1] = byte_of(b->green[i]), pixel[2] = byte_of(b->blue[i]);
  }
  b->count = 0;
}

/* Colour pixels by SAMPLES rays each. */
static void colour_edges(const struct view *v, const struct box *box, const int *which, int found, struct batch *b) {
  if (!b->count) return;
  int count = pad(b);
  find_ground(v, b);
  trace(v->solids, which, found, b);
  finish(v, box, SAMPLES, b);
  for (int i = 0; i < count; i += SAMPLES) {
    float sums[3] = {0.0F};
    for (int k = i; k < i + SAMPLES; k++) sums[0] += b->red[k], sums[1] += b->green[k], sums[2] += b->blue[k];
    for (int k = 0; k < 3; k++) v->picture->colours[3 * (size_t)b->at[i] + (size_t)k] = byte_of(sums[k] / (float)SAMPLES);
  }
  b->count = 0;
}

static void note(const struct picture *p, const struct solid *solids, int at, float t, int id) {
  if (p->depths) p->depths[at] = t < NEVER ? t : INFINITY;
  if (p->bodies) p->bodies[at] = id < 0 ? -1 : solids[id / FACES].body;
}

static void copy_ray(const struct batch *from, int i, int at, struct batch *to) {
  int k = to->count++;
  to->at[k] = at, to->across[k] = from->across[i], to->upward[k] = from->upward[i];
  to->dx[k] = from->dx[i], to->dy[k] = from->dy[i], to->dz[k] = from->dz[i];
  to->t[k] = from->t[i], to->id[k] = from->id[i];
  to->mx[k] = from->mx[i], to->my[k] = from->my[i], to->mz[k] = from->mz[i];
}

/* Return whether two rays show different faces: of a mesh, those that meet in a crease. */
static int differ(const struct view *v, const struct batch *b, int i, int k) {
  if (b->id[i] != b->id[k]) return 1;
  if (b->id[i] < 0 || v->solids[b->id[i] / FACES].kind < MESH) return 0;
  return b->mx[i] * b->mx[k] + b->my[i] * b->my[k] + b->mz[i] * b->mz[k] < CREASE;
}

static void draw_empty(const struct view *v, const struct box *box, struct batch *b) {
  const struct picture *p = v->picture;
  b->count = 0;
  for (int y = (int)box->top; y < (int)box->bottom; y++)
    for (int x = (int)box->left; x < (int)box->right; x++)
      add_ray(v, (float)x + 0.5F, (float)y + 0.5F, y * p->width + x, b);
  find_ground(v, b);
  for (int i = 0; i < b->count; i++) note(p, v->solids, b->at[i], b->t[i], -1);
  colour(v, box, b);
}

static int even_bits(int number) {
  static const int EVEN[16] = {0, 1, 0, 1, 2, 3, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3};
  return EVEN[number & 15] | EVEN[number >> 4 & 15] << 2;
}

/* Add the rays of a tile, squares within squares, so that those of a packet are close together (Morton 1966), then those
   around it. Note the number of each in `order` (row, column) of the framed tile, and the reverse in `places`. */
static void add_rays(const struct view *v, const struct box *box, int order[FRAMED][FRAMED], int places[MOST][2],
                     struct batch *b) {
  int left = (int)box->left, top = (int)box->top, wide = (int)box->right - left, high = (int)box->bottom - top, count = 0;
  for (int i = 0; i < TILE * TILE; i++) {
    int x = even_bits(i), y = even_bits(i >> 1);
    if (x < wide && y < high) places[count][0] = x, places[count++][1] = y;
  }
  for (int y = -1; y <= high; y += high + 1)
    for (int x = -1; x <= wide; x++) places[count][0] = x, places[count++][1] = y;
  for (int x = -1; x <= wide; x += wide + 1)
    for (int y = 0; y < high; y++) places[count][0] = x, places[count++][1] = y;
  for (int i = 0; i < count; i++) {
    int x = places[i][0], y = places[i][1], inside = i < wide * high;
    order[y + 1][x + 1] = i;
    add_ray(v, (float)(left + x) + 0.5F, (float)(top + y) + 0.5F, inside ? (top + y) * v->picture->width + left + x : 0, b);
  }
}

/* Draw a tile: one ray for each pixel, and more for those whose neighbours show something else. */
static void draw_tile(const struct view *v, int column, int row, struct batch *b, struct batch *plain, int *which) {
  const struct picture *p = v->picture;
  int left = column * TILE, top = row * TILE, wide = p->width - left, high = p->height - top, found = 0;
  wide = wide < TILE ? wide : TILE, high = high < TILE ? high : TILE;
  struct box box = {(float)left, (float)(left + wide), (float)top, (float)(top + high)};
  struct box around = {box.left - 1.0F, box.right + 1.0F, box.top - 1.0F, box.bottom + 1.0F};
  int edges[TILE * TILE], edgy = 0, order[FRAMED][FRAMED], places[MOST][2];
  for (int k = 0; k < v->count; k++)
    if (overlap(&v->solids[k].seen, &around)) which[found++] = k;
  if (!found) {
    draw_empty(v, &box, plain);
    return;
  }
  b->count = plain->count = 0;
  add_rays(v, &box, order, places, b);
  find_ground(v, b);
  pad(b);
  trace(v->solids, which, found, b);
  for (int i = 0; i < wide * high; i++) {
    int x = places[i][0], y = places[i][1], at = b->at[i];
    note(p, v->solids, at, b->t[i], b->id[i]);
    if (differ(v, b, i, order[y + 1][x]) || differ(v, b, i, order[y + 1][x + 2]) || differ(v, b, i, order[y][x + 1]) ||
        differ(v, b, i, order[y + 2][x + 1]))
      edges[edgy++] = at;
    else
      copy_ray(b, i, at, plain);
  }
  colour(v, &box, plain);
  b->count = 0;
  for (int i = 0; i < edgy; i++) {
    float x = (float)(edges[i] % p->width), y = (float)(edges[i] / p->width);
    for (int k = 0; k < SAMPLES; k++) add_ray(v, x + PLACES[k][0], y + PLACES[k][1], edges[i], b);
    if (b->count + SAMPLES > MOST) colour_edges(v, &box, which, found, b);
  }
  colour_edges(v, &box, which, found, b);
}

static void *draw_tiles(void *given) {
  struct work *work = given;
  struct batch *b = calloc(2, sizeof *b);
  int *which = calloc((size_t)work->most + 1, sizeof *which), failed = !b || !which;
  while (!failed) {
    int number = atomic_fetch_add(&work->next, 1), low = 0, high = work->pictures;
    if (number >= work->firsts[high]) break;
    while (high - low > 1) { /* the picture that this tile is of */
      int middle = (low + high) / 2;
      if (work->firsts[middle] <= number)
        low = middle;
      else
        high = middle;
    }
    const struct view *v = work->views + low;
    int columns = (v->picture->width + TILE - 1) / TILE;
    number -= work->firsts[low];
    draw_tile(v, number % columns, number / columns, b, b + 1, which);
  }
  free(b), free(which);
  return failed ? given : 0;
}

/* Draw pictures on at most `threads` threads, this one among them. Return 0, or -1 if there is no memory. */
int roboschool_draw(const struct picture *pictures, int count, int threads) {
  struct work work = {.pictures = count};
  pthread_t ids[MOST_THREADS];
  size_t shapes = 0;
  work.views = calloc((size_t)count, sizeof *work.views);
  work.firsts = calloc((size_t)count + 1, sizeof *work.firsts);
  for (int i = 0; i < count; i++) {
    shapes += (size_t)pictures[i].count;
    if (pictures[i].count > work.most) work.most = pictures[i].count;
  }
  struct solid *solids = calloc(shapes + 1, sizeof *solids), *next = solids;
  int failed = !work.views || !work.firsts || !solids, begun = 0;
  for (int i = 0; i < count && !failed; i++) {
    const struct picture *p = pictures + i;
    struct view *v = work.views + i;
    *v = (struct view){.picture = p, .ground = p->ground, .camera = p->camera, .height = (float)(p->camera.eye[2] - p->ground->level)};
    v->pixel[0] = 2.0F * v->camera.wide / (float)p->width, v->pixel[1] = 2.0F * v->camera.high / (float)p->height;
    prepare(v, next);
    next += p->count;
    work.firsts[i + 1] = work.firsts[i] + ((p->width + TILE - 1) / TILE) * ((p->height + TILE - 1) / TILE);
  }
  if (!failed) {
    while (begun < threads - 1 && begun < MOST_THREADS && !pthread_create(ids + begun, 0, draw_tiles, &work)) begun++;
    failed = draw_tiles(&work) != 0;
    for (int i = 0; i < begun; i++) {
      void *result;
      pthread_join(ids[i], &result);
      failed |= result != 0;
    }
  }
  free(work.views), free(work.firsts), free(solids);
  return failed ? -1 : 0;
}
