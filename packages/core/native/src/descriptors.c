// Bare descriptors, which no object of Node owns. Not fs.closeSync: in a worker thread Node warns of every descriptor that
// is closed there and was not opened there.

#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

int brood_stat(int fd, struct stat *stats) {
  return (int)syscall(SYS_newfstatat, fd, "", stats, AT_EMPTY_PATH);
}

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

/** replace(from, to): `to` becomes a copy of `from`, open also after exec and waiting on writes, as a stdio has to be. */
napi_value brood_replace(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  int from, to;
  if (!brood_arguments(env, info, 2, arguments) || !brood_int(env, arguments[0], "from", &from) ||
      !brood_int(env, arguments[1], "to", &to))
    return NULL;
  const int flags = fcntl(from, F_GETFL);
  if (flags < 0) return brood_throw_errno(env, errno, "fcntl");
  if (fcntl(from, F_SETFL, flags & ~O_NONBLOCK) != 0) return brood_throw_errno(env, errno, "fcntl");
  int copied;
  do copied = dup2(from, to);
  while (copied < 0 && errno == EINTR);
  return copied < 0 ? brood_throw_errno(env, errno, "dup2") : brood_undefined(env);
}
