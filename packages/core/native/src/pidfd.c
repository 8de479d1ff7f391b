// Processes by descriptor: a pid may be reused, a pidfd never names another process. It becomes readable when its
// process has ended, whoever the parent is (watch.c), and a signal sent through it cannot hit a stranger.

#include "addon.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/** pidfdOpen(pid): descriptor, close-on-exec by nature. ESRCH: no such process, or not a process but a thread. */
napi_value brood_pidfd_open(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int pid;
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "pid", &pid)) return NULL;
  const int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) return brood_throw_errno(env, errno, "pidfd_open");
  if (napi_create_int32(env, fd, &result) == napi_ok) return result;
  close(fd);
  return brood_throw_napi(env, "napi_create_int32");
}

/** pidfdSignal(pidfd, signal): false when the process has ended and was reaped; signal 0 only asks. */
napi_value brood_pidfd_signal(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result;
  int fd, signal;
  if (!brood_arguments(env, info, 2, arguments) || !brood_int(env, arguments[0], "pidfd", &fd) ||
      !brood_int(env, arguments[1], "signal", &signal))
    return NULL;
  const bool sent = syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) == 0;
  if (!sent && errno != ESRCH) return brood_throw_errno(env, errno, "pidfd_send_signal");
  BROOD_TRY(env, napi_get_boolean(env, sent, &result));
  return result;
}
