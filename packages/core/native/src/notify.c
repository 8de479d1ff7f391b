// sd_notify(3): one datagram to the service manager. Node has no unix datagram sockets. Here rather than by starting
// systemd-notify(1): that is another process, whose message systemd only believes with NotifyAccess=all.

#include "addon.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/** More than all of our fields together. */
#define MESSAGE_MAX 4096

/** notify(path, message): a path that begins with "@" is an abstract name. Never waits. */
napi_value brood_notify(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char message[MESSAGE_MAX];
  size_t path_length, length;
  if (!brood_arguments(env, info, 2, arguments)) return NULL;
  BROOD_TRY(env, napi_get_value_string_utf8(env, arguments[0], NULL, 0, &path_length));
  if (path_length < 2 || path_length >= sizeof address.sun_path) return brood_throw_errno(env, EINVAL, "notify");
  BROOD_TRY(env, napi_get_value_string_utf8(env, arguments[0], address.sun_path, sizeof address.sun_path, NULL));
  BROOD_TRY(env, napi_get_value_string_utf8(env, arguments[1], message, sizeof message, &length));
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';

  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return brood_throw_errno(env, errno, "socket");
  const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_length);
  const ssize_t sent = sendto(fd, message, length, MSG_NOSIGNAL, (const struct sockaddr *)&address, size);
  const int error = errno;
  close(fd);
  return sent < 0 ? brood_throw_errno(env, error, "sendto") : brood_undefined(env);
}
