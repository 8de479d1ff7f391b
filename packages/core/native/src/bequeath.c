// What a process that Node spawns gets from its supervisor between fork and exec, where Node offers no hook:
// - PR_SET_PDEATHSIG: the kernel kills it when the supervisor ends, before its first instruction and whatever it does: spins in
//   a preloaded module, waits, is stopped. It survives exec; `endWithParent` changes it later (watchdog.c says to what).
// - descriptors that stay open at their own numbers, for programs whose stdio is somebody else's (Tinypool's processes).
// The hook is pthread_atfork: libuv calls fork(2) of libc. It acts only in a child of the thread that armed it.
// The kernel looks at the thread that forked: a supervisor in a worker_thread ends with that thread, as its workers should.
// Rejected: a guardian process (a second program to start, and to miss), and the worker alone (its preloads run first).

#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <unistd.h>

#define BEQUEST_MAX 8

/** Changeable, as a fork hook has no other place to look: one for each thread, since each may spawn at the same time. */
static _Thread_local struct {
  bool is_armed;
  pid_t parent;
  uint32_t count;
  int descriptors[BEQUEST_MAX];
} bequest;

/** So that the forks of others do not touch a thread's variable for the first time there. */
static atomic_int armed;

/** In every child that any thread of this process forks: system calls only. */
static void in_child(void) {
  if (atomic_load(&armed) == 0 || !bequest.is_armed) return;
  bequest.is_armed = false;
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* refused: the worker asks again, and has its watchdog */
  if (getppid() != bequest.parent) _exit(1);
  for (uint32_t index = 0; index < bequest.count; index += 1) (void)fcntl(bequest.descriptors[index], F_SETFD, 0);
}

static void register_hook(void) {
  (void)pthread_atfork(NULL, NULL, in_child); /* without memory for it children are as they would be without it */
}

/** bequeath(descriptors): what this thread forks from now on ends with it and keeps these open; null: no longer. */
napi_value brood_bequeath(napi_env env, napi_callback_info info) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  napi_value argument, element;
  napi_valuetype type;
  uint32_t count;
  int descriptors[BEQUEST_MAX];
  if (!brood_arguments(env, info, 1, &argument)) return NULL;
  BROOD_TRY(env, napi_typeof(env, argument, &type));
  if (bequest.is_armed) {
    bequest.is_armed = false;
    atomic_fetch_sub(&armed, 1);
  }
  if (type == napi_null) return brood_undefined(env);
  BROOD_TRY(env, napi_get_array_length(env, argument, &count));
  if (count > BEQUEST_MAX) return brood_throw_errno(env, EINVAL, "bequeath");
  for (uint32_t index = 0; index < count; index += 1) {
    BROOD_TRY(env, napi_get_element(env, argument, index, &element));
    if (!brood_int(env, element, "descriptor", &descriptors[index])) return NULL;
  }
  (void)pthread_once(&once, register_hook);
  bequest.is_armed = true;
  bequest.parent = getpid();
  bequest.count = count;
  for (uint32_t index = 0; index < count; index += 1) bequest.descriptors[index] = descriptors[index];
  atomic_fetch_add(&armed, 1);
  return brood_undefined(env);
}

/** endWithParent(signal): sent to this process when the thread that forked it ends; 0 for none. Forgotten by the kernel when
 *  this process changes its user. */
napi_value brood_end_with_parent(napi_env env, napi_callback_info info) {
  napi_value argument;
  int signal;
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "signal", &signal)) return NULL;
  if (prctl(PR_SET_PDEATHSIG, signal) != 0) return brood_throw_errno(env, errno, "prctl");
  return brood_undefined(env);
}
