/* A name server that a test can silence, for one process: LD_PRELOAD it. Names below acd.test are this machine;
 * while the file that ACD_TEST_NAMES names is not empty, looking for one takes five seconds and finds nothing. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OURS ".acd.test"
#define LOOK_US 50000
#define LOOKS 100

static int is_ours(const char *name) {
  size_t length = name ? strlen(name) : 0, end = strlen(OURS);
  return length > end && !strcmp(name + length - end, OURS);
}

static int is_silent(void) {
  const char *path = getenv("ACD_TEST_NAMES");
  struct stat seen;
  return path && !stat(path, &seen) && seen.st_size > 0;
}

int getaddrinfo(const char *restrict name, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict found) {
  static typeof(&getaddrinfo) real;
  if (!real) real = (typeof(real))dlsym(RTLD_NEXT, "getaddrinfo");
  if (!is_ours(name)) return real(name, service, hints, found);
  for (int looks = 0; is_silent(); looks++) {
    if (looks == LOOKS) return EAI_AGAIN;
    usleep(LOOK_US);
  }
  return real("127.0.0.1", service, hints, found);
}
