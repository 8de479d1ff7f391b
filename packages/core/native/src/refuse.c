// The end of a listening socket. Closing one resets what waits in its queue, and shutdown(2) does the same, so it is first
// shut to newcomers while the queue goes on being accepted.

#include "addon.h"

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

/** tcp_flags of the header: SYN without ACK. */
#define FLAGS_OFFSET 13
#define FLAG_SYN 0x02
#define FLAG_ACK 0x10

/** refuseNew(fd): of a listening TCP socket. True: new connections are refused, as if nobody listened: it is bound to a
 *  network interface that does not exist (Linux 5.7 without privileges), so no packet finds it; handshakes under way do.
 *  False: first packets of connections are dropped, so a client is refused when it tries again after the socket is closed. */
napi_value brood_refuse_new(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int fd;
  const int no_interface = INT_MAX;
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_OFFSET),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, FLAG_SYN | FLAG_ACK),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FLAG_SYN, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, UINT_MAX),
  };
  const struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "fd", &fd)) return NULL;
  const bool is_refused = setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &no_interface, sizeof no_interface) == 0;
  if (!is_refused && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
    return brood_throw_errno(env, errno, "setsockopt");
  BROOD_TRY(env, napi_get_boolean(env, is_refused, &result));
  return result;
}

/** isReadable(fd): of a listening socket, whether a connection waits to be accepted. */
napi_value brood_is_readable(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  struct pollfd asked = {.events = POLLIN};
  int ready;
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "fd", &asked.fd)) return NULL;
  do ready = poll(&asked, 1, 0);
  while (ready < 0 && errno == EINTR);
  if (ready < 0) return brood_throw_errno(env, errno, "poll");
  if ((asked.revents & POLLNVAL) != 0) return brood_throw_errno(env, EBADF, "poll");
  BROOD_TRY(env, napi_get_boolean(env, (asked.revents & POLLIN) != 0, &result));
  return result;
}
