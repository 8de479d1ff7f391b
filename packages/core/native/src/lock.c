// flock(2), which Node has not: a lock that the kernel lets go of when its holder ends, whatever way.

#include "addon.h"

#include <errno.h>
#include <sys/file.h>

/** lockFile(fd): false when another open file holds the lock. It goes with the descriptor. */
napi_value brood_lock_file(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int fd, locked;
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "fd", &fd)) return NULL;
  do locked = flock(fd, LOCK_EX | LOCK_NB);
  while (locked != 0 && errno == EINTR);
  if (locked != 0 && errno != EWOULDBLOCK) return brood_throw_errno(env, errno, "flock");
  BROOD_TRY(env, napi_get_boolean(env, locked == 0, &result));
  return result;
}
