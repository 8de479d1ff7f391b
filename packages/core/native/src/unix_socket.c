// What Node's net cannot do with a listening socket: bind a unix path with its mode from the first moment on, without
// libuv's habit of unlinking that path when it closes; listen without accepting; read the backlog back.

#include "addon.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/** bindUnix(path, mode): a descriptor. The kernel gives the file the mode of the socket's own inode, less the umask: so it
 *  never exists with more than `mode`. */
napi_value brood_bind_unix(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char path[sizeof address.sun_path + 1];
  size_t length;
  int mode;
  if (!brood_arguments(env, info, 2, arguments) || !brood_int(env, arguments[1], "mode", &mode)) return NULL;
  BROOD_TRY(env, napi_get_value_string_utf8(env, arguments[0], path, sizeof path, &length));
  if (length == 0 || length >= sizeof address.sun_path || strlen(path) != length)
    return brood_throw_errno(env, ENAMETOOLONG, "bind");
  memcpy(address.sun_path, path, length);

  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return brood_throw_errno(env, errno, "socket");
  const char *failed = NULL;
  if (fchmod(fd, (mode_t)mode) != 0) failed = "fchmod";
  else if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) failed = "bind";
  if (failed == NULL && napi_create_int32(env, fd, &result) == napi_ok) return result;
  const int error = errno;
  close(fd);
  return failed == NULL ? brood_throw_napi(env, "napi_create_int32") : brood_throw_errno(env, error, failed);
}

/** listenOn(fd, backlog): nobody accepts yet; connections wait in the kernel. */
napi_value brood_listen_on(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  int fd, backlog;
  if (!brood_arguments(env, info, 2, arguments) || !brood_int(env, arguments[0], "fd", &fd) ||
      !brood_int(env, arguments[1], "backlog", &backlog))
    return NULL;
  return listen(fd, backlog) == 0 ? brood_undefined(env) : brood_throw_errno(env, errno, "listen");
}

struct question {
  struct nlmsghdr head;
  struct unix_diag_req body;
};

/** The backlog in the kernel's answer; -1 when it is not there. */
static int backlog_in(const struct nlmsghdr *head, size_t length) {
  if (!NLMSG_OK(head, length) || head->nlmsg_type != SOCK_DIAG_BY_FAMILY) return -1;
  const struct unix_diag_msg *message = NLMSG_DATA(head);
  const struct rtattr *attribute = (const struct rtattr *)(message + 1);
  size_t rest = head->nlmsg_len - NLMSG_LENGTH(sizeof *message);
  for (; RTA_OK(attribute, rest); attribute = RTA_NEXT(attribute, rest)) {
    if (attribute->rta_type != UNIX_DIAG_RQLEN || RTA_PAYLOAD(attribute) < sizeof(struct unix_diag_rqlen)) continue;
    const struct unix_diag_rqlen *queue = RTA_DATA(attribute);
    return (int)queue->udiag_wqueue;
  }
  return -1;
}

/** Asks the kernel's socket diagnosis, as ss(8) does; -1 where it does not tell. */
static int unix_backlog(int fd) {
  struct stat stats;
  if (brood_stat(fd, &stats) != 0) return -1;
  const int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (netlink < 0) return -1;
  const struct question question = {
      .head = {.nlmsg_len = sizeof question, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
      .body = {.sdiag_family = AF_UNIX,
               .udiag_states = UINT32_MAX,
               .udiag_ino = (uint32_t)stats.st_ino,
               .udiag_show = UDIAG_SHOW_RQLEN,
               .udiag_cookie = {UINT32_MAX, UINT32_MAX}},
  };
  union {
    struct nlmsghdr head;
    char bytes[1024];
  } answer;
  int backlog = -1;
  if (send(netlink, &question, sizeof question, 0) == (ssize_t)sizeof question) {
    // The kernel has answered by the time that send returns.
    const ssize_t length = recv(netlink, &answer, sizeof answer, MSG_DONTWAIT);
    if (length > 0) backlog = backlog_in(&answer.head, (size_t)length);
  }
  close(netlink);
  return backlog;
}

/** backlogOf(fd): 0 when nobody listens on the socket, -1 when the kernel does not tell. */
napi_value brood_backlog_of(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int fd, is_listening = 0, domain = 0, backlog = -1;
  socklen_t length = sizeof is_listening;
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "fd", &fd)) return NULL;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) != 0)
    return brood_throw_errno(env, errno, "getsockopt");
  length = sizeof domain;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0) return brood_throw_errno(env, errno, "getsockopt");
  if (!is_listening) {
    backlog = 0;
  } else if (domain == AF_UNIX) {
    backlog = unix_backlog(fd);
  } else {
    struct tcp_info tcp;
    length = sizeof tcp;
    // Of a listening socket tcpi_sacked is the backlog (tcp_get_info in the kernel).
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &tcp, &length) == 0) backlog = (int)tcp.tcpi_sacked;
  }
  BROOD_TRY(env, napi_create_int32(env, backlog, &result));
  return result;
}
