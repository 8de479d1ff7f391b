// Bare descriptors, which no object of Node owns. Not fs.closeSync: in a worker thread Node warns of every descriptor that
// is closed there and was not opened there.

#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/** duplicate(fd): another descriptor of the same file, close-on-exec. */
napi_value brood_duplicate(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int fd;
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "fd", &fd)) return NULL;
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return brood_throw_errno(env, errno, "fcntl");
  if (napi_create_int32(env, copy, &result) == napi_ok) return result;
  close(copy);
  return brood_throw_napi(env, "napi_create_int32");
}

/** close(fd): never retried, on Linux the descriptor is gone also after EINTR. */
napi_value brood_close(napi_env env, napi_callback_info info) {
  napi_value argument;
  int fd;
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "fd", &fd)) return NULL;
  if (close(fd) != 0 && errno != EINTR) return brood_throw_errno(env, errno, "close");
  return brood_undefined(env);
}
