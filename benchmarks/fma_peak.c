/* The most float32 operations a second that so many threads reach: chains of fused multiply-adds in registers, which depend on
   nothing but themselves. Argument: threads. Prints operations a second, each fused multiply-add being two. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
typedef float vector __attribute__((vector_size(BYTES)));

enum { LANES = BYTES / sizeof(float), CHAINS = 12, PASSES = 50000000, MOST = 1024 };

static void *work(void *seed) {
  vector x[CHAINS], factor, term;
  for (int lane = 0; lane < LANES; lane++) {
    factor[lane] = 0.999f;
    term[lane] = *(float *)seed;
    for (int i = 0; i < CHAINS; i++) x[i][lane] = i;
  }
  for (long pass = 0; pass < PASSES; pass++)
    for (int i = 0; i < CHAINS; i++) x[i] = x[i] * factor + term;
  for (int i = 1; i < CHAINS; i++) x[0] += x[i];
  *(float *)seed = x[0][0]; /* what is used is computed */
  return NULL;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

int main(int count, char **arguments) {
  int threads = count > 1 ? atoi(arguments[1]) : 1;
  if (threads < 1 || threads > MOST) return 1;
  pthread_t started[MOST];
  float seeds[MOST];
  double start = now();
  for (int i = 0; i < threads; i++) {
    seeds[i] = 0.001f * (i + 1); /* not 0: numbers next to 0 are slow */
    if (pthread_create(&started[i], NULL, work, &seeds[i])) return 1;
  }
  for (int i = 0; i < threads; i++) pthread_join(started[i], NULL);
  printf("%.6e\n", 2.0 * threads * PASSES * CHAINS * LANES / (now() - start));
  return 0;
}
