/* Which bodies press on each other: at the end of a timestep, and added up over its substeps. */

#include <string.h>

#include "structures.h"

static int number_of(const struct world *w, int body) { return body >= 0 && body < w->bodies ? w->numbers[body] : -1; }

/* Add up the forces of a substep, the first of a timestep being 0. */
void add_contacts(struct world *w, int substep) {
  struct contacts found;
  const int wide = w->agents + w->props + 1;
  if (!substep) {
    memset(w->foot_sums, 0, (size_t)w->feet * sizeof(double));
    memset(w->pair_sums, 0, (size_t)(w->agents * wide * PAIR) * sizeof(double));
    memset(w->last_substeps, 0, (size_t)(w->agents * wide) * sizeof(int));
  }
  w->bullet->submit(w->client, w->bullet->contacts_init(w->client));
  w->bullet->get_contacts(w->client, &found);
  for (int p = 0; p < found.count; p++) {
    const struct contact *c = found.points + p;
    if (!(c->force > 0.0)) continue; /* it does not press */
    for (int side = 0; side < 2; side++) {
      int own = number_of(w, c->body[side]), other = number_of(w, c->body[1 - side]);
      if (own < 0 || own >= w->agents) continue;
      const struct robot *r = w->robots + own;
      for (int foot = 0; foot < r->feet; foot++)
        if (r->foot_links[foot] == c->link[side]) w->foot_sums[r->sums + foot] += c->force;
      if (c->body[1 - side] == w->ground) other = wide - 1;
      if (other < 0 || other == own) continue;
      double *pair = w->pair_sums + (own * wide + other) * PAIR;
      int *last = w->last_substeps + own * wide + other;
      if (*last != substep + 1) pair[0] += 1.0;
      *last = substep + 1;
      pair[1] += c->force;
      for (int axis = 0; axis < 3; axis++) pair[2 + axis] += c->force * (side ? -c->normal[axis] : c->normal[axis]);
    }
  }
}

static void read_sums(const struct world *w, int i, const struct readings *out) {
  const int wide = w->agents + w->props + 1;
  for (int a = 0; a < w->agents; a++) {
    const struct robot *r = w->robots + a;
    double *row = row_of(out->agents + a, i) + r->at.foot_forces;
    for (int foot = 0; r->measures_feet && foot < r->feet; foot++) row[foot] = w->foot_sums[r->sums + foot] / w->calls;
  }
  if (out->pairs.data) memcpy(row_of(&out->pairs, i), w->pair_sums, (size_t)(w->agents * wide * PAIR) * sizeof(double));
}

void read_contacts(const struct world *w, int i, const struct readings *out) {
  struct contacts found;
  int wide = w->agents + w->props;
  double *pairs = out->contacts.data ? row_of(&out->contacts, i) : NULL;
  if (w->foot_sums) read_sums(w, i, out);
  for (int a = 0; a < w->agents; a++) {
    double *row = row_of(out->agents + a, i);
    const struct columns *at = &w->robots[a].at;
    for (int foot = 0; foot < w->robots[a].feet; foot++)
      row[at->foot_contacts + foot] = row[at->foot_obstacle_contacts + foot] = 0.0;
    row[at->body_contact] = 0.0;
  }
  if (pairs) memset(pairs, 0, (size_t)w->agents * (size_t)wide * sizeof(double));
  if (!w->has_feet && !pairs) return;
  w->bullet->submit(w->client, w->bullet->contacts_init(w->client));
  w->bullet->get_contacts(w->client, &found);
  for (int p = 0; p < found.count; p++) {
    const struct contact *c = found.points + p;
    if (!(c->force > 0.0)) continue; /* it does not press */
    for (int side = 0; side < 2; side++) {
      int own = number_of(w, c->body[side]), other = number_of(w, c->body[1 - side]);
      if (own < 0 || own >= w->agents) continue;
      const struct robot *r = w->robots + own;
      double *row = row_of(out->agents + own, i);
      int grounded = c->body[1 - side] == w->ground, is_foot = 0;
      int kind = grounded ? r->at.foot_contacts : r->at.foot_obstacle_contacts;
      for (int foot = 0; foot < r->feet; foot++)
        if (r->foot_links[foot] == c->link[side]) row[kind + foot] = 1.0, is_foot = 1;
      if (grounded && r->feet && !is_foot) row[r->at.body_contact] = 1.0;
      if (pairs && other >= 0 && other != own) pairs[own * wide + other] = 1.0;
    }
  }
}
