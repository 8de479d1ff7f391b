// A pipe on which nothing is ever written: the supervisor keeps the end that writes, a forked worker the one that reads. When
// the last copy of the former is closed, which a SIGKILL does too, the kernel itself sends the worker a signal (F_SETSIG), also
// while it is stopped. PR_SET_PDEATHSIG would tell of the wrong death: a forked worker's parent is its template.
// The owner and the signal belong to the open file, not to a process: a worker has a pipe of its own.

#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/** lifelineCreate(): [the worker's end, the supervisor's end], both close-on-exec. */
napi_value brood_lifeline_create(napi_env env, napi_callback_info info) {
  (void)info;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return brood_throw_errno(env, errno, "pipe2");
  const napi_value result = brood_int_array(env, ends, 2);
  if (result != NULL) return result;
  close(ends[0]);
  close(ends[1]);
  return NULL;
}

/** lifelineTie(fd, signal): this process gets the signal when the other end is gone. False: it is gone already. */
napi_value brood_lifeline_tie(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result;
  int fd, signal;
  if (!brood_arguments(env, info, 2, arguments) || !brood_int(env, arguments[0], "fd", &fd) ||
      !brood_int(env, arguments[1], "signal", &signal))
    return NULL;
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETOWN, getpid()) != 0 || fcntl(fd, F_SETSIG, signal) != 0 ||
      fcntl(fd, F_SETFL, flags | O_ASYNC) != 0)
    return brood_throw_errno(env, errno, "fcntl");
  struct pollfd watched = {.fd = fd, .events = POLLIN, .revents = 0};
  int ready;
  do ready = poll(&watched, 1, 0);
  while (ready < 0 && errno == EINTR);
  if (ready < 0) return brood_throw_errno(env, errno, "poll");
  BROOD_TRY(env, napi_get_boolean(env, ready == 0, &result));
  return result;
}
