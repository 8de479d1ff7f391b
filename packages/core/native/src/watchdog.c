// A second pair of eyes in a worker, for when its event loop cannot look: one thread that sleeps in poll(2) and costs
// nothing until something happens. Two things wake it.
// - The link's other end is gone: the supervisor died. A worker whose loop turns leaves by itself; one that spins for ever
//   would not notice, so after a grace the process ends here.
// - SIGURG from the supervisor, before it kills a worker for its silence: what is its main thread doing? The handler only
//   writes to an eventfd; this thread asks V8 to interrupt the running JavaScript (as Node's own inspector thread does),
//   and the interrupt writes the stack to stderr, where the supervisor keeps the last lines of it.
// SIGURG because its default is to be ignored (a worker without this addon does not mind) and nobody uses it; Go
// interrupts its goroutines by it for the same reasons. Rejected: SIGUSR1 (opens Node's inspector), the inspector in a
// worker thread (megabytes, and no threads after a fork), PR_SET_PDEATHSIG alone (it
// cannot wait for a drain).
// A stopped process (SIGSTOP) runs no thread: when its supervisor dies the kernel sends it SIGCONT (bequeath.c, lifeline.c), and
// until it serves SIGKILL, since then there is nothing to drain. What goes on below JavaScript is not seen, which is said.
// The one changeable static of this addon, since a signal handler has no other place to look.

#include "addon.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/** The interrupt comes with the next loop or call of JavaScript: microseconds. */
#define ANSWER_MS 50
/** Enough for what this file does; a system may ask for more (arm64: 128 KiB), or need more to deliver a signal. */
#define STACK_BYTES (64 * 1024)
#define TEXT_BYTES 4096

typedef void (*request_interrupt)(void *isolate, void (*callback)(void *isolate, void *data), void *data);

static struct {
  pid_t pid; /* of the process that it watches: a fork has none */
  napi_env env;
  void *isolate;
  request_interrupt interrupt;
  int wake;
  int link;
  int grace_ms;
  atomic_bool answered;
  char name[128];
} watchdog;

static void say(const char *text, size_t length) {
  for (size_t done = 0; done < length;) {
    const ssize_t written = write(STDERR_FILENO, text + done, length - done);
    if (written > 0) done += (size_t)written;
    else if (written < 0 && errno != EINTR) return; /* there is nobody else to tell */
  }
}

/** On the main thread, between two instructions of JavaScript. An Error made here has the stack of what was interrupted. */
static void on_interrupt(void *isolate, void *data) {
  (void)isolate;
  (void)data;
  const napi_env env = watchdog.env;
  napi_handle_scope scope;
  napi_value message, error, stack;
  char text[TEXT_BYTES];
  size_t length = 0;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  snprintf(text, sizeof text, "brood: %s does not answer; its event loop is held up here:", watchdog.name);
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message) == napi_ok &&
      napi_create_error(env, NULL, message, &error) == napi_ok &&
      napi_get_named_property(env, error, "stack", &stack) == napi_ok &&
      napi_get_value_string_utf8(env, stack, text, sizeof text - 1, &length) == napi_ok) {
    static const char prefix[] = "Error: ";
    const size_t skipped = strncmp(text, prefix, sizeof prefix - 1) == 0 ? sizeof prefix - 1 : 0;
    text[length] = '\n';
    atomic_store(&watchdog.answered, true);
    say(text + skipped, length + 1 - skipped);
  }
  napi_close_handle_scope(env, scope);
}

static void on_signal(int signal) {
  (void)signal;
  const int before = errno;
  const uint64_t one = 1;
  const ssize_t written = write(watchdog.wake, &one, sizeof one);
  (void)written; /* full: it is awake already */
  errno = before;
}

static void examine(void) {
  char text[256];
  uint64_t count;
  const ssize_t taken = read(watchdog.wake, &count, sizeof count);
  (void)taken;
  atomic_store(&watchdog.answered, false);
  watchdog.interrupt(watchdog.isolate, on_interrupt, NULL);
  poll(NULL, 0, ANSWER_MS);
  if (atomic_load(&watchdog.answered)) return;
  const int length = snprintf(text, sizeof text,
                              "brood: %s does not answer; no JavaScript is running: it waits, or is held up in native "
                              "code or a system call\n",
                              watchdog.name);
  say(text, (size_t)length);
}

static void *run(void *argument) {
  (void)argument;
  struct pollfd watched[] = {{.fd = watchdog.wake, .events = POLLIN}, {.fd = watchdog.link, .events = POLLRDHUP}};
  for (;;) {
    const int ready = poll(watched, 2, watched[1].fd < 0 ? watchdog.grace_ms : -1);
    if (ready < 0 && errno != EINTR) return NULL;
    if (ready == 0) _exit(1);
    if (ready < 0) continue;
    if ((watched[0].revents & POLLIN) != 0) examine();
    /* A negative descriptor is not looked at: from here on the grace runs. */
    if (watched[1].revents != 0) watched[1].fd = -1;
  }
}

static size_t stack_bytes(void) {
  const long least = sysconf(_SC_THREAD_STACK_MIN);
  size_t bytes = STACK_BYTES;
  if (bytes < (size_t)PTHREAD_STACK_MIN) bytes = (size_t)PTHREAD_STACK_MIN;
  if (least > 0 && bytes < (size_t)least) bytes = (size_t)least;
  return bytes;
}

static int start_thread(void) {
  pthread_attr_t attributes;
  pthread_t thread;
  sigset_t all, before;
  int error = pthread_attr_init(&attributes);
  if (error != 0) return error;
  sigfillset(&all);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  error = pthread_attr_setstacksize(&attributes, stack_bytes());
  /* It inherits the mask: signals are the main thread's. */
  if (error == 0) error = pthread_sigmask(SIG_SETMASK, &all, &before);
  if (error == 0) {
    error = pthread_create(&thread, &attributes, run, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
  }
  pthread_attr_destroy(&attributes);
  return error;
}

/** watchdogStart(linkFd, graceMs, name): false when this process has one, or cannot have one. */
napi_value brood_watchdog_start(napi_env env, napi_callback_info info) {
  napi_value arguments[3], result;
  int link, grace_ms;
  if (!brood_arguments(env, info, 3, arguments) || !brood_int(env, arguments[0], "linkFd", &link) ||
      !brood_int(env, arguments[1], "graceMs", &grace_ms))
    return NULL;
  void *const isolate = brood_isolate();
  BROOD_LOOK_UP(watchdog.interrupt, "_ZN2v87Isolate16RequestInterruptEPFvPS0_PvES2_");
  const bool possible = isolate != NULL && watchdog.interrupt != NULL && watchdog.pid != getpid();
  if (possible) {
    BROOD_TRY(env, napi_get_value_string_utf8(env, arguments[2], watchdog.name, sizeof watchdog.name, NULL));
    watchdog.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (watchdog.wake < 0) return brood_throw_errno(env, errno, "eventfd");
    watchdog.env = env;
    watchdog.isolate = isolate;
    watchdog.link = link;
    watchdog.grace_ms = grace_ms;
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction before;
    if (sigaction(SIGURG, &action, &before) != 0) {
      const int refused = errno;
      close(watchdog.wake);
      return brood_throw_errno(env, refused, "sigaction");
    }
    const int error = start_thread();
    if (error != 0) {
      (void)sigaction(SIGURG, &before, NULL); /* it would write to a descriptor that is closed now */
      close(watchdog.wake);
      return brood_throw_errno(env, error, "pthread_create");
    }
    watchdog.pid = getpid();
  }
  BROOD_TRY(env, napi_get_boolean(env, possible, &result));
  return result;
}
