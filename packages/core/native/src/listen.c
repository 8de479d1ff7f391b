// A TCP socket with SO_REUSEPORT, which Node's net cannot make on every supported version and never without accepting.
// The supervisor makes one per slot and keeps it: closing such a socket resets the connections in its queue.

#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

/** Fills in a numeric address. False: it is none (a zone such as "fe80::1%eth0" included). */
static bool parse_address(const char *host, int port, union address *address, socklen_t *length) {
  memset(address, 0, sizeof *address);
  if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = htons((uint16_t)port);
    *length = sizeof address->v4;
    return true;
  }
  if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1) {
    address->v6.sin6_family = AF_INET6;
    address->v6.sin6_port = htons((uint16_t)port);
    *length = sizeof address->v6;
    return true;
  }
  return false;
}

/** Returns the name of the system call that failed, with errno, or NULL. */
static const char *prepare(int fd, union address *address, socklen_t length, int backlog, bool v6_only) {
  const int on = 1, only = v6_only;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return "setsockopt";
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) return "setsockopt";
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) return "setsockopt";
  if (address->any.sa_family == AF_INET6 &&
      setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) != 0)
    return "setsockopt";
  if (bind(fd, &address->any, length) != 0) return "bind";
  if (backlog > 0 && listen(fd, backlog) != 0) return "listen";
  return getsockname(fd, &address->any, &length) == 0 ? NULL : "getsockname";
}

/** bindReuseport(host, port, backlog, v6Only): [descriptor, real port]. A backlog of 0 binds without listening. Its connections
 *  come with TCP_NODELAY. */
napi_value brood_bind_reuseport(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  char host[INET6_ADDRSTRLEN + 1];
  int port, backlog;
  bool v6_only;
  union address address;
  socklen_t length;
  if (!brood_arguments(env, info, 4, arguments)) return NULL;
  BROOD_TRY(env, napi_get_value_string_utf8(env, arguments[0], host, sizeof host, NULL));
  if (!brood_int(env, arguments[1], "port", &port) || !brood_int(env, arguments[2], "backlog", &backlog)) return NULL;
  BROOD_TRY(env, napi_get_value_bool(env, arguments[3], &v6_only));
  if (port < 0 || port > 65535 || !parse_address(host, port, &address, &length))
    return brood_throw_errno(env, EINVAL, "bind");

  const int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return brood_throw_errno(env, errno, "socket");
  const char *failed = prepare(fd, &address, length, backlog, v6_only);
  if (failed != NULL) {
    const int error = errno;
    close(fd);
    return brood_throw_errno(env, error, failed);
  }
  const bool is_v4 = address.any.sa_family == AF_INET;
  const int values[] = {fd, ntohs(is_v4 ? address.v4.sin_port : address.v6.sin6_port)};
  const napi_value result = brood_int_array(env, values, 2);
  if (result == NULL) close(fd);
  return result;
}

/** isNoDelay(fd): whether TCP_NODELAY is set; false for what is no TCP socket. */
napi_value brood_is_no_delay(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int fd, is_set = 0;
  socklen_t length = sizeof is_set;
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "fd", &fd)) return NULL;
  if (getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &is_set, &length) != 0 && errno != EOPNOTSUPP && errno != ENOPROTOOPT)
    return brood_throw_errno(env, errno, "getsockopt");
  BROOD_TRY(env, napi_get_boolean(env, is_set != 0, &result));
  return result;
}
