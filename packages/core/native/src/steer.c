// Which sockets of a SO_REUSEPORT group get new connections. A classic BPF program (no privilege needed) draws one of
// the wanted sockets by its index in the group: the kernel's order, in which they began to listen; a closed socket's
// place is taken by the last one. So a socket can be emptied before it is closed, and nothing in its queue is lost.
// The program is the group's: any member may set it.

#include "addon.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#ifndef SO_DETACH_REUSEPORT_BPF
#define SO_DETACH_REUSEPORT_BPF 68
#endif

/** Two instructions each; a program may have 4,096. */
#define SOCKETS_MAX 2000

/** steer(fd, indexes): from now on only these get new connections, each an equal share. */
napi_value brood_steer(napi_env env, napi_callback_info info) {
  napi_value arguments[2], element;
  int fd, index;
  uint32_t count;
  struct sock_filter code[2 * SOCKETS_MAX + 3];
  if (!brood_arguments(env, info, 2, arguments) || !brood_int(env, arguments[0], "fd", &fd)) return NULL;
  BROOD_TRY(env, napi_get_array_length(env, arguments[1], &count));
  if (count == 0 || count > SOCKETS_MAX) return brood_throw_errno(env, EINVAL, "steer");

  unsigned short length = 0;
  code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM));
  code[length++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, count);
  for (uint32_t drawn = 0; drawn < count; drawn += 1) {
    BROOD_TRY(env, napi_get_element(env, arguments[1], drawn, &element));
    if (!brood_int(env, element, "index", &index)) return NULL;
    if (drawn + 1 < count) code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, drawn, 0, 1);
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, (uint32_t)index);
  }
  const struct sock_fprog program = {.len = length, .filter = code};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) != 0)
    return brood_throw_errno(env, errno, "setsockopt");
  return brood_undefined(env);
}

/** unsteer(fd): the kernel spreads by its own hash again. */
napi_value brood_unsteer(napi_env env, napi_callback_info info) {
  napi_value argument;
  int fd;
  const int unused = 0;
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "fd", &fd)) return NULL;
  if (setsockopt(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &unused, sizeof unused) != 0 && errno != ENOENT)
    return brood_throw_errno(env, errno, "setsockopt");
  return brood_undefined(env);
}

/** queueLength(fd): connections of a listening TCP socket that nobody has accepted yet. */
napi_value brood_queue_length(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int fd;
  struct tcp_info state;
  socklen_t length = sizeof state;
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "fd", &fd)) return NULL;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &length) != 0)
    return brood_throw_errno(env, errno, "getsockopt");
  // For a socket that listens the kernel reports its queue here (tcp_get_info).
  BROOD_TRY(env, napi_create_uint32(env, state.tcpi_unacked, &result));
  return result;
}
