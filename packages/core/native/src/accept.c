// Connections for a supervisor that accepts and does not serve: many in one call, looked at without taking a byte.
// libuv would make an object of each and read from it; here a connection stays a bare descriptor until a worker has it.

#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** One call never holds up the loop for longer than so many accepts (about 5 us each). */
#define ACCEPT_MAX 256

/** A connection that broke before it was accepted is no reason to stop (accept(2), "Error handling"). */
static bool is_passing(int error) {
  return error == EINTR || error == ECONNABORTED || error == EPROTO || error == ENETDOWN || error == ENOPROTOOPT ||
         error == EHOSTDOWN || error == ENONET || error == EHOSTUNREACH || error == EOPNOTSUPP || error == ENETUNREACH;
}

/** acceptMany(fd, max): descriptors, non-blocking and close-on-exec; none when nobody waits.
 *  EMFILE and its like are thrown when there is nothing else to return. */
napi_value brood_accept_many(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  int fd, max, accepted[ACCEPT_MAX];
  size_t count = 0;
  if (!brood_arguments(env, info, 2, arguments) || !brood_int(env, arguments[0], "fd", &fd) ||
      !brood_int(env, arguments[1], "max", &max))
    return NULL;
  if (max > ACCEPT_MAX) max = ACCEPT_MAX;
  while ((int)count < max) {
    const int connection = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection >= 0) {
      accepted[count] = connection;
      count += 1;
    } else if (!is_passing(errno)) {
      if (count == 0 && errno != EAGAIN && errno != EWOULDBLOCK) return brood_throw_errno(env, errno, "accept4");
      break;
    }
  }
  const napi_value result = brood_int_array(env, accepted, count);
  if (result == NULL)
    for (size_t index = 0; index < count; index += 1) close(accepted[index]);
  return result;
}

/** closeMany(descriptors): never throws for one of them, so that none is forgotten. */
napi_value brood_close_many(napi_env env, napi_callback_info info) {
  napi_value argument, element;
  uint32_t length;
  if (!brood_arguments(env, info, 1, &argument)) return NULL;
  BROOD_TRY(env, napi_get_array_length(env, argument, &length));
  for (uint32_t index = 0; index < length; index += 1) {
    int fd;
    BROOD_TRY(env, napi_get_element(env, argument, index, &element));
    if (!brood_int(env, element, "descriptor", &fd)) return NULL;
    close(fd);
  }
  return brood_undefined(env);
}

/** peerAddress(fd): the client's numeric address, "" for a unix socket or a client that has gone. */
napi_value brood_peer_address(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int fd;
  char text[INET6_ADDRSTRLEN] = "";
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage room;
  } peer;
  socklen_t length = sizeof peer;
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "fd", &fd)) return NULL;
  if (getpeername(fd, &peer.any, &length) == 0) {
    if (peer.any.sa_family == AF_INET) inet_ntop(AF_INET, &peer.v4.sin_addr, text, sizeof text);
    if (peer.any.sa_family == AF_INET6) inet_ntop(AF_INET6, &peer.v6.sin6_addr, text, sizeof text);
  } else if (errno != ENOTCONN && errno != ENOBUFS) {
    return brood_throw_errno(env, errno, "getpeername");
  }
  BROOD_TRY(env, napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result));
  return result;
}

/** peek(fd, bytes): how many bytes wait, copied and left in the socket; 0 at the end, -1 for none yet. */
napi_value brood_peek(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result;
  int fd;
  void *bytes;
  size_t length;
  if (!brood_arguments(env, info, 2, arguments) || !brood_int(env, arguments[0], "fd", &fd)) return NULL;
  BROOD_TRY(env, napi_get_buffer_info(env, arguments[1], &bytes, &length));
  ssize_t count;
  do count = recv(fd, bytes, length, MSG_PEEK | MSG_DONTWAIT);
  while (count < 0 && errno == EINTR);
  // A connection that was reset has ended as well.
  if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) count = 0;
  BROOD_TRY(env, napi_create_int64(env, count, &result));
  return result;
}
