/* Which bodies press on each other: at the end of a timestep, and added up over its substeps. */

#include <string.h>

#include "structures.h"

struct contacts_of { /* goes over the contacts of agents, from the side of each */
  const struct world *w;
  struct contacts found;
  int next;
};
struct touch {
  const struct contact *contact;
  int side, own, other, link, grounded; /* own: the agent; other: agent or prop; -1: neither */
};

static int number_of(const struct world *w, int body) { return body >= 0 && body < w->bodies ? w->numbers[body] : -1; }

static struct contacts_of list_contacts(const struct world *w, int are_listed) {
  struct contacts_of list = {.w = w};
  if (!are_listed) w->bullet->tell(w->client, w->bullet->contacts_init(w->client));
  w->bullet->get_contacts(w->client, &list.found);
  return list;
}

static int next_touch(struct contacts_of *list, struct touch *t) {
  while (list->next < 2 * list->found.count) {
    const struct contact *c = list->found.points + list->next / 2;
    const int side = list->next++ % 2, own = number_of(list->w, c->body[side]), its = c->body[1 - side];
    if (!(c->force > 0.0) || own < 0 || own >= list->w->agents) continue; /* it does not press, or is no agent's */
    *t = (struct touch){c, side, own, number_of(list->w, its), c->link[side], its == list->w->ground};
    return 1;
  }
  return 0;
}

static void add_vector(double *total, const struct touch *t) {
  const struct contact *c = t->contact;
  for (int axis = 0; axis < 3; axis++) {
    const double along = c->force * c->normal[axis] + c->friction[0] * c->directions[axis] + c->friction[1] * c->directions[3 + axis];
    total[axis] += t->side ? -along : along;
  }
}

/* Add up the forces of a substep, the first of a timestep being 0. */
void add_contacts(struct world *w, int substep) {
  struct touch t;
  const int wide = w->agents + w->props + 1;
  if (!substep) {
    memset(w->foot_sums, 0, (size_t)w->feet * sizeof(double));
    memset(w->link_sums, 0, (size_t)w->measured * 3 * sizeof(double));
    memset(w->pair_sums, 0, (size_t)(w->agents * wide * PAIR) * sizeof(double));
    memset(w->last_substeps, 0, (size_t)(w->agents * wide) * sizeof(int));
  }
  struct contacts_of list = list_contacts(w, 0);
  while (next_touch(&list, &t)) {
    const struct robot *r = w->robots + t.own;
    for (int foot = 0; foot < r->feet; foot++)
      if (r->foot_links[foot] == t.link) w->foot_sums[r->sums + foot] += t.contact->force;
    for (int link = 0; link < r->measured; link++)
      if (r->measured_links[link] == t.link) add_vector(w->link_sums + 3 * (r->link_sums + link), &t);
    const int other = t.grounded ? wide - 1 : t.other;
    if (other < 0 || other == t.own) continue;
    double *pair = w->pair_sums + (t.own * wide + other) * PAIR;
    int *last = w->last_substeps + t.own * wide + other;
    if (*last != substep + 1) pair[0] += 1.0;
    *last = substep + 1;
    pair[1] += t.contact->force;
    for (int axis = 0; axis < 3; axis++) {
      const double normal = t.contact->normal[axis];
      pair[2 + axis] += t.contact->force * (t.side ? -normal : normal);
    }
  }
}

static void read_sums(const struct world *w, int i, const struct step *out) {
  const int wide = w->agents + w->props + 1;
  for (int a = 0; a < w->agents; a++) {
    const struct robot *r = w->robots + a;
    double *row = row_of(out->agents + a, i), *feet = row + r->at.foot_forces, *links = row + r->at.link_forces;
    for (int foot = 0; r->measures_feet && foot < r->feet; foot++) feet[foot] = w->foot_sums[r->sums + foot] / w->calls;
    for (int n = 0; n < 3 * r->measured; n++) links[n] = w->link_sums[3 * r->link_sums + n] / w->calls;
  }
  if (out->pairs.data) memcpy(row_of(&out->pairs, i), w->pair_sums, (size_t)(w->agents * wide * PAIR) * sizeof(double));
}

/* Write which bodies press on each other now; Bullet may have listed its contacts already. */
void read_contacts(const struct world *w, int i, const struct step *out, int are_listed) {
  struct touch t;
  const int wide = w->agents + w->props;
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
  struct contacts_of list = list_contacts(w, are_listed);
  while (next_touch(&list, &t)) {
    const struct robot *r = w->robots + t.own;
    double *row = row_of(out->agents + t.own, i);
    const int kind = t.grounded ? r->at.foot_contacts : r->at.foot_obstacle_contacts;
    int is_foot = 0;
    for (int foot = 0; foot < r->feet; foot++)
      if (r->foot_links[foot] == t.link) row[kind + foot] = 1.0, is_foot = 1;
    if (t.grounded && r->feet && !is_foot) row[r->at.body_contact] = 1.0;
    if (pairs && t.other >= 0 && t.other != t.own) pairs[t.own * wide + t.other] = 1.0;
  }
}
