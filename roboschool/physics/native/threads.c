/* Threads that share a job. They are made when they are first needed, and wait for the next job then.

   One job has them at a time; others that come meanwhile are done by those who bring them. */

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "structures.h"

enum { MOST = 63 };    /* threads beside the one that brings a job */
enum { PATIENCE = 200 }; /* turns that a thread gives to others before it sleeps: to be woken takes as long */

struct job {
  void (*call)(void *what, int number);
  void *what;
  int count, parts;
  atomic_int next[MOST + 1]; /* of each part the number that has not begun */
};
struct worker {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  atomic_int busy;
  struct job *job;
  int part;
};
static struct {
  atomic_int taken;
  int count;
  struct worker workers[MOST];
} pool;

/* Do one's own part, and what others have left of theirs: so worlds stay with their core, and none waits. */
static void work(struct job *job, int own) {
  for (int p = 0; p < job->parts; p++) {
    const int part = (own + p) % job->parts, end = job->count * (part + 1) / job->parts;
    for (int k; (k = atomic_fetch_add(job->next + part, 1)) < end;) job->call(job->what, k);
  }
}

static void set_busy(struct worker *w, int busy) {
  pthread_mutex_lock(&w->lock);
  atomic_store(&w->busy, busy);
  pthread_cond_signal(&w->changed);
  pthread_mutex_unlock(&w->lock);
}

static void wait_until(struct worker *w, int busy) {
  for (int turn = 0; turn < PATIENCE; turn++) {
    if (atomic_load(&w->busy) == busy) return;
    sched_yield();
  }
  pthread_mutex_lock(&w->lock);
  while (atomic_load(&w->busy) != busy) pthread_cond_wait(&w->changed, &w->lock);
  pthread_mutex_unlock(&w->lock);
}

static void *serve(void *worker) {
  struct worker *w = worker;
  for (;;) {
    wait_until(w, 1);
    work(w->job, w->part);
    set_busy(w, 0);
  }
  return NULL;
}

/* A fork has none of its parent's threads. */
static void forget(void) {
  pool.count = 0;
  atomic_store(&pool.taken, 0);
}

/* Make threads until there are so many, if the system gives them. They leave signals to the threads of Python. */
static void hire(int wanted) {
  static atomic_int is_prepared;
  sigset_t all, before;
  pthread_t thread;
  if (!atomic_exchange(&is_prepared, 1)) pthread_atfork(NULL, NULL, forget);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (; pool.count < wanted; pool.count++) {
    struct worker *w = pool.workers + pool.count;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    atomic_store(&w->busy, 0);
    w->part = pool.count + 1;
    if (pthread_create(&thread, NULL, serve, w)) break;
    pthread_detach(thread);
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Call with each number below count, in so many threads at most, of which this is one; return when all is done. */
void in_parallel(void (*call)(void *what, int number), void *what, int count, int threads) {
  struct job job = {.call = call, .what = what, .count = count, .parts = threads < count ? threads : count};
  const int others = job.parts - 1 < MOST ? job.parts - 1 : MOST;
  if (others < 1 || atomic_exchange(&pool.taken, 1)) {
    for (int k = 0; k < count; k++) call(what, k);
    return;
  }
  if (pool.count < others) hire(others);
  job.parts = 1 + (others < pool.count ? others : pool.count);
  for (int p = 0; p < job.parts; p++) atomic_init(job.next + p, count * p / job.parts);
  for (int w = 0; w < job.parts - 1; w++) {
    pool.workers[w].job = &job;
    set_busy(pool.workers + w, 1);
  }
  work(&job, 0);
  for (int w = 0; w < job.parts - 1; w++) wait_until(pool.workers + w, 0);
  atomic_store(&pool.taken, 0);
}
