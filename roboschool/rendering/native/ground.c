/* Paints ground and sky by formulas that average over each pixel, so that they are free of aliasing. */

#include <math.h>

#include "structures.h"

static const float SIDE = 1.0F, CONTRAST = 0.12F;  /* of a tile [m]; black in every other one */
static const float LINE = 0.06F, START = 0.12F;    /* width of the lines of lanes, of the start line [m] */
static const float FINISH = 1.0F, SQUARE = 0.25F;  /* width of the finish, of its squares [m] */
static const float CLEAR = 4.0F, HAZY = 4.0F; /* it is clear as far as CLEAR heights of the eye, at least; all is haze
                                                 HAZY times as far */
static const float SHARPEST = 1e-6F;               /* width of what a pixel shows of the ground, at least [m] */
static const float BRIGHT = 0.9F;                  /* share of the glow in the middle of a studio */
static const float DEEPER = 0.3F, STEEPER = 0.5F;  /* black at the bottom of a terrain, in its walls */
static const float GRAZING = 0.05F;                /* cosine of the angle from which a terrain is blurred no more */
static const float RELIEF = 0.1F;                  /* half the height between top and bottom, at least [m] */

/* The stadium: radius of a turn, half a straight, half the width of the track [m]; width of a lane, of its lines; half
   the straight that goes on beyond the turns, half a race on it; width of the field's lines, of a mown stripe; radius of
   the circle; where a penalty area begins, half its width; half the sizes of turf and field */
static const float TURN = 21.0F, STRAIGHT = 15.0F, HALF = 1.5F, NARROW = 1.0F, THIN = 0.05F, PAD = 29.0F, RUN = 27.0F;
static const float CHALK = 0.1F, MOWER = 2.625F, CIRCLE = 4.5F, DEEP = 18.0F, AREA = 7.4F;
static const float TURF[2] = {41.0F, 26.0F}, FIELD[2] = {26.25F, 12.5F};

struct spots { /* what rays show of the ground: where, how wide along x and y, [m] */
  float x[MOST], y[MOST], wide[MOST], high[MOST], ways[4][MOST];
  float low[2], top[2]; /* bounds of x and y of all of them */
};

static inline float covered(float end, float share) {
  float whole = floorf(end);
  return whole * share + least(end - whole, share);
}
/* How much of an interval lies in stripes that begin at every multiple of a period. */
static inline float stripes(float at, float blur, float width, float period) {
  float half = 0.5F * blur / period, share = width / period;
  at /= period;
  return (covered(at + half, share) - covered(at - half, share)) / (2.0F * half);
}
/* How much of an interval lies between two ends, below an end. */
static inline float band(float at, float blur, float low, float top) {
  float half = 0.5F * blur;
  return within((least(at + half, top) - most(at - half, low)) / blur, 0.0F, 1.0F);
}
static inline float below(float at, float blur, float top) { return within((top - at) / blur + 0.5F, 0.0F, 1.0F); }
static inline float chequer(float rows, float columns) { return rows + columns - 2.0F * rows * columns; }
static inline void cover(struct batch *b, int i, float share, const float colour[3]) {
  b->red[i] += share * (colour[0] - b->red[i]);
  b->green[i] += share * (colour[1] - b->green[i]);
  b->blue[i] += share * (colour[2] - b->blue[i]);
}
static int shows(const struct spots *s, float left, float right, float low, float top) {
  return s->low[0] < right && s->top[0] > left && s->low[1] < top && s->top[1] > low;
}
static inline float tiles(const struct spots *s, int i) {
  return chequer(stripes(s->x[i], s->wide[i], SIDE, 2.0F * SIDE), stripes(s->y[i], s->high[i], SIDE, 2.0F * SIDE));
}
static inline float lines_of_lanes(float at, float blur) {
  return stripes(at + HALF + 0.5F * THIN, blur, THIN, NARROW) *
         band(at, blur, -HALF - 0.5F * THIN, HALF + 0.5F * THIN);
}

/* The chequered end of a track that begins at y `low`; x is seen from where it begins. */
static void paint_finish(const struct ground *g, const struct spots *s, float finish, float low, float top,
                         struct batch *b) {
  if (!shows(s, finish, finish + FINISH, low, top)) return;
  for (int i = 0; i < b->count; i++) {
    float x = s->x[i] - finish, y = s->y[i], wide = s->wide[i], high = s->high[i];
    float end = band(y, high, low, top) * band(x, wide, 0.0F, FINISH);
    float square = chequer(stripes(x, wide, SQUARE, 2.0F * SQUARE), stripes(y - low, high, SQUARE, 2.0F * SQUARE));
    cover(b, i, end, g->colours[WHITE]);
    cover(b, i, end * square, g->colours[BLACK]);
  }
}

static void paint_track(const struct ground *g, const struct spots *s, struct batch *b) {
  float low = g->low, top = g->top;
  int on_track = shows(s, -1e9F, 1e9F, low - LINE, top + LINE);
  for (int i = 0; i < b->count; i++) {
    float x = s->x[i], y = s->y[i], wide = s->wide[i], high = s->high[i];
    float track = on_track ? band(y, high, low, top) : 0.0F;
    float rows = stripes(x, wide, SIDE, 2.0F * SIDE), columns = stripes(y, high, SIDE, 2.0F * SIDE) * (1.0F - track);
    cover(b, i, track, g->colours[LANES]);
    cover(b, i, CONTRAST * chequer(rows, columns), g->colours[BLACK]);
  }
  if (!on_track) return;
  for (int i = 0; i < b->count; i++) {
    float y = s->y[i], high = s->high[i], track = band(y, high, low, top);
    float beside = band(y, high, low - 0.5F * LINE, top + 0.5F * LINE);
    float lines = stripes(y - low + 0.5F * LINE, high, LINE, g->lane) * beside;
    cover(b, i, lines, g->colours[WHITE]);
    cover(b, i, track * band(s->x[i], s->wide[i], -0.5F * START, 0.5F * START), g->colours[WHITE]);
  }
  paint_finish(g, s, g->finish, low, top, b);
}

static void paint_tiles(const struct ground *g, const struct spots *s, struct batch *b) {
  for (int i = 0; i < b->count; i++) cover(b, i, CONTRAST * tiles(s, i), g->colours[BLACK]);
}

static void paint_oval(const struct ground *g, const struct spots *s, struct batch *b) {
  for (int i = 0; i < b->count; i++) {
    float x = s->x[i], y = s->y[i], aside = most(fabsf(x) - STRAIGHT, 0.0F);
    float away = sqrtf(aside * aside + y * y) + SHARPEST; /* from the line between the middles of the turns */
    float cosine = (x < 0.0F ? -aside : aside) / away, sine = y / away;
    float blur = fabsf(s->ways[0][i] * cosine + s->ways[1][i] * sine) +
                 fabsf(s->ways[2][i] * cosine + s->ways[3][i] * sine) + SHARPEST;
    cover(b, i, below(away, blur, TURN - HALF) * stripes(x, s->wide[i], MOWER, 2.0F * MOWER), g->colours[MOWN]);
    cover(b, i, band(away, blur, TURN - HALF, TURN + HALF), g->colours[LANES]);
    cover(b, i, lines_of_lanes(away - TURN, blur), g->colours[WHITE]);
  }
}

static void paint_field(const struct ground *g, const struct spots *s, struct batch *b) {
  for (int i = 0; i < b->count; i++) {
    float x = fabsf(s->x[i]), y = fabsf(s->y[i]), wide = s->wide[i], high = s->high[i];
    float inside = below(x, wide, FIELD[0]) * below(y, high, FIELD[1]);
    float lines = inside - below(x, wide, FIELD[0] - CHALK) * below(y, high, FIELD[1] - CHALK);
    lines += inside * band(s->x[i], wide, -0.5F * CHALK, 0.5F * CHALK);
    lines += inside * (1.0F - below(x, wide, DEEP)) * below(y, high, AREA);
    lines -= inside * (1.0F - below(x, wide, DEEP + CHALK)) * below(y, high, AREA - CHALK);
    float away = sqrtf(x * x + y * y) + SHARPEST, cosine = s->x[i] / away, sine = s->y[i] / away;
    float blur = fabsf(s->ways[0][i] * cosine + s->ways[1][i] * sine) +
                 fabsf(s->ways[2][i] * cosine + s->ways[3][i] * sine) + SHARPEST;
    lines += band(away, blur, CIRCLE - 0.5F * CHALK, CIRCLE + 0.5F * CHALK);
    cover(b, i, within(lines, 0.0F, 1.0F), g->colours[WHITE]);
  }
}

/* The straight on which races are run, with the start. */
static void paint_straight(const struct ground *g, const struct spots *s, struct batch *b) {
  for (int i = 0; i < b->count; i++) {
    float x = s->x[i], y = s->y[i] + TURN, wide = s->wide[i], high = s->high[i];
    float length = band(x, wide, -PAD, PAD), track = length * band(y, high, -HALF, HALF);
    cover(b, i, track, g->colours[LANES]);
    cover(b, i, CONTRAST * track * stripes(x, wide, SIDE, 2.0F * SIDE), g->colours[BLACK]);
    cover(b, i, length * lines_of_lanes(y, high), g->colours[WHITE]);
    cover(b, i, track * band(x, wide, -RUN - 0.5F * START, 0.5F * START - RUN), g->colours[WHITE]);
  }
}

static void paint_stadium(const struct ground *g, const struct spots *s, struct batch *b) {
  float end = STRAIGHT + TURN + HALF, side = TURN + HALF, kerb = HALF + THIN;
  if (s->low[0] < -TURF[0] || s->top[0] > TURF[0] || s->low[1] < -TURF[1] || s->top[1] > TURF[1])
    for (int i = 0; i < b->count; i++) {
      float x = s->x[i], y = s->y[i], wide = s->wide[i], high = s->high[i];
      float bare = 1.0F - band(x, wide, -TURF[0], TURF[0]) * band(y, high, -TURF[1], TURF[1]);
      cover(b, i, bare, g->colours[BARE]);
      cover(b, i, CONTRAST * bare * tiles(s, i), g->colours[BLACK]);
    }
  if (shows(s, -end - THIN, end + THIN, -side - THIN, side + THIN)) paint_oval(g, s, b);
  if (shows(s, -FIELD[0], FIELD[0], -FIELD[1], FIELD[1])) paint_field(g, s, b);
  if (shows(s, -PAD, PAD, -TURN - kerb, kerb - TURN)) paint_straight(g, s, b);
  paint_finish(g, s, g->finish, -TURN - HALF, HALF - TURN, b);
}

static void paint_mark(const struct mark *m, const struct spots *s, struct batch *b) {
  float reach = m->radius + 0.5F * m->line, way[2] = {m->end[0] - m->start[0], m->end[1] - m->start[1]};
  float square = way[0] * way[0] + way[1] * way[1], inverse = square > 0.0F ? 1.0F / square : 0.0F;
  if (!shows(s, least(m->start[0], m->end[0]) - reach, most(m->start[0], m->end[0]) + reach,
             least(m->start[1], m->end[1]) - reach, most(m->start[1], m->end[1]) + reach))
    return;
  for (int i = 0; i < b->count; i++) {
    float x = s->x[i] - m->start[0], y = s->y[i] - m->start[1];
    float along = within((x * way[0] + y * way[1]) * inverse, 0.0F, 1.0F);
    x -= along * way[0], y -= along * way[1];
    float away = sqrtf(x * x + y * y) + SHARPEST, cosine = x / away, sine = y / away;
    float blur = fabsf(s->ways[0][i] * cosine + s->ways[1][i] * sine) +
                 fabsf(s->ways[2][i] * cosine + s->ways[3][i] * sine) + SHARPEST;
    cover(b, i, band(away, blur, m->radius - 0.5F * m->line, reach), m->colour);
  }
}

static void paint_sky(const struct view *view, struct batch *b) {
  const struct ground *g = view->ground;
  const float *base = g->colours[g->kind == STUDIO ? FLOOR : HORIZON];
  for (int i = 0; i < b->count; i++) {
    float across = b->across[i], upward = b->upward[i] - 0.1F, square = across * across + upward * upward;
    float glow = BRIGHT / (1.0F + square * (1.0F + square * (0.5F + square / 6.0F)));
    float rise = within(2.0F * b->dz[i], 0.0F, 1.0F), half = 0.5F * (1.0F + b->upward[i]);
    float share = g->kind == STUDIO ? half : sqrtf(rise * sqrtf(rise)), shine = g->kind == STUDIO ? glow : 0.0F;
    b->red[i] = base[0], b->green[i] = base[1], b->blue[i] = base[2];
    cover(b, i, share, g->colours[g->kind == STUDIO ? CEILING : ZENITH]);
    cover(b, i, shine, g->colours[GLOW]);
  }
}

static void find_spots(const struct view *view, const float *far, struct spots *s, struct batch *b) {
  const struct camera *c = &view->camera;
  const float *middle = view->ground->middle, *u = c->up, *r = c->right;
  float eye[2] = {(float)(c->eye[0] - middle[0]), (float)(c->eye[1] - middle[1])};
  float pixel_x = view->pixel[0], pixel_y = view->pixel[1], height = view->height;
  for (int i = 0; i < b->count; i++) {
    float t = far[i], step = t * t / height * u[2] * pixel_y;
    s->x[i] = eye[0] + t * b->dx[i], s->y[i] = eye[1] + t * b->dy[i];
    s->ways[0][i] = step * b->dx[i] + t * u[0] * pixel_y, s->ways[1][i] = step * b->dy[i] + t * u[1] * pixel_y;
    s->ways[2][i] = t * r[0] * pixel_x, s->ways[3][i] = t * r[1] * pixel_x;
    s->wide[i] = fabsf(s->ways[0][i]) + fabsf(s->ways[2][i]) + SHARPEST;
    s->high[i] = fabsf(s->ways[1][i]) + fabsf(s->ways[3][i]) + SHARPEST;
  }
  for (int axis = 0; axis < 2; axis++) s->low[axis] = 1e30F, s->top[axis] = -1e30F;
  for (int i = 0; i < b->count; i++) {
    s->low[0] = least(s->low[0], s->x[i] - s->wide[i]), s->top[0] = most(s->top[0], s->x[i] + s->wide[i]);
    s->low[1] = least(s->low[1], s->y[i] - s->high[i]), s->top[1] = most(s->top[1], s->y[i] + s->high[i]);
  }
}

/* Paint the ground's tiles on terrains, from above; what is low or steep is darker. */
void paint_terrain(const struct view *view, struct batch *b) {
  const struct camera *c = &view->camera;
  const float *u = c->up, *r = c->right;
  float eye[2] = {(float)c->eye[0], (float)c->eye[1]}, pixel[2] = {view->pixel[0], view->pixel[1]};
  struct spots s;
  int any = 0;
  for (int i = 0; i < b->count; i++) any |= b->id[i] >= 0 && view->solids[b->id[i] / FACES].kind == HEIGHTS;
  if (!any) return;
  for (int i = 0; i < b->count; i++) { /* how far what is seen moves along the face, for a pixel to the right and up */
    float facing = b->dx[i] * b->nx[i] + b->dy[i] * b->ny[i] + b->dz[i] * b->nz[i];
    float slant = b->t[i] / least(facing, -GRAZING), right = slant * (r[0] * b->nx[i] + r[1] * b->ny[i] + r[2] * b->nz[i]);
    float up = slant * (u[0] * b->nx[i] + u[1] * b->ny[i] + u[2] * b->nz[i]), far = b->t[i];
    s.x[i] = eye[0] + b->px[i], s.y[i] = eye[1] + b->py[i];
    s.wide[i] = fabsf(far * r[0] - right * b->dx[i]) * pixel[0] + fabsf(far * u[0] - up * b->dx[i]) * pixel[1] + SHARPEST;
    s.high[i] = fabsf(far * r[1] - right * b->dy[i]) * pixel[0] + fabsf(far * u[1] - up * b->dy[i]) * pixel[1] + SHARPEST;
  }
  for (int i = 0; i < b->count; i++) {
    if (b->id[i] < 0 || view->solids[b->id[i] / FACES].kind != HEIGHTS) continue;
    const struct solid *field = view->solids + b->id[i] / FACES;
    float rise = (b->pz[i] - field->centre[2]) / most(field->half[2], RELIEF);
    cover(b, i, CONTRAST * tiles(&s, i), view->ground->colours[BLACK]);
    cover(b, i, DEEPER * (0.5F - 0.5F * rise), view->ground->colours[BLACK]);
    cover(b, i, STEEPER * (1.0F - b->nz[i]), view->ground->colours[BLACK]);
  }
}

/* Let all rays end at the ground, or never. */
void find_ground(const struct view *view, struct batch *b) {
  float clear = most(view->ground->clear, CLEAR * view->height), steepest = view->height / (HAZY * clear);
  int there = view->ground->kind != STUDIO && view->height > 0.0F;
  for (int i = 0; i < b->count; i++) {
    int down = there & (-b->dz[i] > steepest);
    b->t[i] = down ? view->height / -b->dz[i] : NEVER;
    b->id[i] = -1;
  }
}

/* Write colours, positions and normals of ground and sky, for all rays, whatever stands before them; `haze` is the share
   of the horizon's colour. */
void paint(const struct view *view, struct batch *b) {
  const struct ground *g = view->ground;
  float clear = most(view->ground->clear, CLEAR * view->height), steepest = view->height / (HAZY * clear), far[MOST];
  int any = 0, all = 1;
  for (int i = 0; i < b->count; i++) {
    int down = -b->dz[i] > steepest;
    far[i] = view->height / most(-b->dz[i], steepest);
    float share = far[i] / clear;
    share *= sqrtf(share);
    share = 1.0F - 1.0F / (1.0F + share * (1.0F + share * (0.5F + share * (1.0F / 6.0F + share / 24.0F))));
    b->haze[i] = down ? share : 0.0F;
    any |= down, all &= down;
  }
  if (g->kind == STUDIO || view->height <= 0.0F) {
    for (int i = 0; i < b->count; i++) b->haze[i] = 0.0F;
    any = all = 0;
  }
  if (!all) paint_sky(view, b);
  if (!any) return;
  struct spots s;
  struct batch *sky = 0, kept;
  if (!all) {
    for (int i = 0; i < b->count; i++) kept.red[i] = b->red[i], kept.green[i] = b->green[i], kept.blue[i] = b->blue[i];
    sky = &kept;
  }
  find_spots(view, far, &s, b);
  const float *base = g->colours[g->kind == STADIUM ? GRASS : BARE];
  for (int i = 0; i < b->count; i++) {
    b->red[i] = base[0], b->green[i] = base[1], b->blue[i] = base[2];
    b->px[i] = far[i] * b->dx[i], b->py[i] = far[i] * b->dy[i], b->pz[i] = -view->height;
    b->nx[i] = 0.0F, b->ny[i] = 0.0F, b->nz[i] = 1.0F;
  }
  if (g->kind == TRACK)
    paint_track(g, &s, b);
  else if (g->kind == STADIUM)
    paint_stadium(g, &s, b);
  else
    paint_tiles(g, &s, b);
  for (int i = 0; i < view->picture->marked; i++) paint_mark(view->picture->marks + i, &s, b);
  for (int i = 0; sky && i < b->count; i++) {
    int down = -b->dz[i] > steepest;
    b->red[i] = down ? b->red[i] : sky->red[i], b->green[i] = down ? b->green[i] : sky->green[i];
    b->blue[i] = down ? b->blue[i] : sky->blue[i];
  }
}
