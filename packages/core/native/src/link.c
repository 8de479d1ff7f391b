// Bytes and descriptors over a socket pair, without waiting. Frames are made of them in packages/core/src/native
// (link-frames.ts), where lengths and limits can be tested as pure code.
// SOCK_STREAM and not SOCK_SEQPACKET: a packet is limited by the socket's send buffer (about 200 kB), a frame is not.
// The kernel ties descriptors to the first byte sent with them and never merges a read across them, so the receiver gets
// them in order, at the latest with that byte.
// Rule: a received descriptor either reaches JavaScript or is closed here.

#include "addon.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** SCM_MAX_FD of Linux: more in one message are refused with EINVAL. */
#define DESCRIPTORS_MAX 253

union control {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int) * DESCRIPTORS_MAX)];
};

/** socketPair(): two descriptors, both close-on-exec and non-blocking. */
napi_value brood_socket_pair(napi_env env, napi_callback_info info) {
  (void)info;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    return brood_throw_errno(env, errno, "socketpair");
  const napi_value result = brood_int_array(env, ends, 2);
  if (result != NULL) return result;
  close(ends[0]);
  close(ends[1]);
  return NULL;
}

static bool read_descriptors(napi_env env, napi_value array, int *descriptors, uint32_t *count) {
  napi_value element;
  if (napi_get_array_length(env, array, count) != napi_ok) {
    brood_throw_napi(env, "napi_get_array_length");
    return false;
  }
  if (*count > DESCRIPTORS_MAX) {
    brood_throw_errno(env, EINVAL, "sendmsg");
    return false;
  }
  for (uint32_t index = 0; index < *count; index += 1) {
    if (napi_get_element(env, array, index, &element) != napi_ok) {
      brood_throw_napi(env, "napi_get_element");
      return false;
    }
    if (!brood_int(env, element, "descriptor", &descriptors[index])) return false;
  }
  return true;
}

/** linkSend(fd, bytes, descriptors): how many bytes went; -1 when the socket is full, and then nothing went. */
napi_value brood_link_send(napi_env env, napi_callback_info info) {
  napi_value arguments[3], result;
  int fd, descriptors[DESCRIPTORS_MAX];
  uint32_t count;
  struct iovec part;
  union control control;
  if (!brood_arguments(env, info, 3, arguments) || !brood_int(env, arguments[0], "fd", &fd) ||
      !read_descriptors(env, arguments[2], descriptors, &count))
    return NULL;
  BROOD_TRY(env, napi_get_buffer_info(env, arguments[1], &part.iov_base, &part.iov_len));

  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (count > 0) {
    memset(&control, 0, sizeof control);
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(header), descriptors, sizeof(int) * count);
  }
  ssize_t sent;
  do sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return brood_throw_errno(env, errno, "sendmsg");
  BROOD_TRY(env, napi_create_int64(env, sent, &result));
  return result;
}

/** Stands in the array for descriptors that the kernel dropped. */
#define DROPPED (-1)

/** Appends what came with the message to `array`, and DROPPED where this process may open no more; on failure closes them
 *  all. */
static bool take_descriptors(napi_env env, struct msghdr *message, napi_value array) {
  bool taken = true;
  uint32_t length = 0;
  if (napi_get_array_length(env, array, &length) != napi_ok) taken = false;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < count; index += 1) {
      int fd;
      napi_value value;
      memcpy(&fd, CMSG_DATA(header) + index * sizeof(int), sizeof fd);
      const bool kept = taken && napi_create_int32(env, fd, &value) == napi_ok &&
                        napi_set_element(env, array, length, value) == napi_ok;
      if (kept) length += 1;
      else close(fd);
    }
  }
  if (!taken || (message->msg_flags & MSG_CTRUNC) == 0) return taken;
  napi_value dropped;
  return napi_create_int32(env, DROPPED, &dropped) == napi_ok &&
         napi_set_element(env, array, length, dropped) == napi_ok;
}

/** linkReceive(fd, bytes, descriptors): how many bytes came, 0 at the peer's end, -1 when there are none yet.
 *  A -1 among the descriptors: the kernel dropped the rest of those that came with the same bytes, since this process may
 *  open no more. */
napi_value brood_link_receive(napi_env env, napi_callback_info info) {
  napi_value arguments[3], result;
  int fd;
  struct iovec part;
  union control control;
  if (!brood_arguments(env, info, 3, arguments) || !brood_int(env, arguments[0], "fd", &fd)) return NULL;
  BROOD_TRY(env, napi_get_buffer_info(env, arguments[1], &part.iov_base, &part.iov_len));
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  ssize_t count;
  do count = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (count < 0 && errno == EINTR);
  if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return brood_throw_errno(env, errno, "recvmsg");
  if (count >= 0 && !take_descriptors(env, &message, arguments[2])) return brood_throw_napi(env, "descriptors");
  BROOD_TRY(env, napi_create_int64(env, count, &result));
  return result;
}
