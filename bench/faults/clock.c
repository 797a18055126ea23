/* A clock that a test can set, for one process: LD_PRELOAD it, and ACD_TEST_CLOCK names a file with so many
 * seconds (a 64-bit number) to be added to the machine's time. Steady clocks are as they are. Who waits until
 * a moment of the clock waits until that moment, as if the machine's own clock had been set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))
#define UNIX_TIME 1000000000 /* what is less is a moment of a steady clock */

static volatile const int64_t *ahead_s;
static typeof(&clock_gettime) real_gettime;

__attribute__((constructor)) static void begin(void) {
  static const int64_t none = 0;
  const char *path = getenv("ACD_TEST_CLOCK");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  void *seen = file < 0 ? MAP_FAILED : mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  if (file >= 0) close(file);
  ahead_s = seen == MAP_FAILED ? &none : seen;
  real_gettime = REAL(clock_gettime);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  if (!real_gettime) real_gettime = REAL(clock_gettime);
  int failed = real_gettime(clock, now);
  if (!failed && ahead_s && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *ahead_s;
  return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec exact;
  int failed = clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return failed;
}

time_t time(time_t *told) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (told) *told = now.tv_sec;
  return now.tv_sec;
}

static struct timespec on_the_machines_clock(const struct timespec *until) {
  struct timespec real = *until;
  if (ahead_s && real.tv_sec > UNIX_TIME) real.tv_sec -= *ahead_s;
  return real;
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
  static typeof(&pthread_cond_timedwait) real;
  if (!real) real = (typeof(real))dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
  if (!real) real = REAL(pthread_cond_timedwait);
  struct timespec moment = on_the_machines_clock(until);
  return real(cond, mutex, &moment);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
  static typeof(&sem_timedwait) real;
  if (!real) real = REAL(sem_timedwait);
  struct timespec moment = on_the_machines_clock(until);
  return real(semaphore, &moment);
}
