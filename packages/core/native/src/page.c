// Memory that processes and threads share: counters that one writes and another reads when it wants to know, without a
// message for each change, or results. It is an unlinked file of memory, known by its descriptor, so it can travel
// wherever descriptors do; each side maps it for itself.
// What a process has written stays there when it dies: the kernel keeps the page as long as anyone has it.
// Rejected: System V and named POSIX memory, whose names outlive a crash.

#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/** The least that can be mapped where pages have 4 KiB. */
#define PAGE_BYTES 4096
/** More than anybody shares; a wrong number must not fill the memory. */
#define BYTES_MAX (16 * 1024 * 1024)

/** pageCreate(bytes): the descriptor of new memory, all zero, at least a page. Its size cannot be changed any more: a
 *  shorter one would end whoever reads it with SIGBUS. */
napi_value brood_page_create(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int bytes;
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "bytes", &bytes)) return NULL;
  if (bytes < PAGE_BYTES || bytes > BYTES_MAX) return brood_throw_errno(env, EINVAL, "ftruncate");
  const int fd = memfd_create("brood-page", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return brood_throw_errno(env, errno, "memfd_create");
  const char *failed = NULL;
  if (ftruncate(fd, bytes) != 0) failed = "ftruncate";
  else if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) failed = "fcntl";
  if (failed != NULL) {
    const int error = errno;
    close(fd);
    return brood_throw_errno(env, error, failed);
  }
  if (napi_create_int32(env, fd, &result) == napi_ok) return result;
  close(fd);
  return brood_throw_napi(env, "napi_create_int32");
}

static void unmap(napi_env env, void *bytes, void *hint) {
  (void)env;
  munmap(bytes, (size_t)hint);
}

/** pageMap(fd): an ArrayBuffer over all of it; the descriptor may be closed afterwards. Unmapped when it is collected, or
 *  its environment ends. */
napi_value brood_page_map(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int fd;
  struct stat file;
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "fd", &fd)) return NULL;
  if (brood_stat(fd, &file) != 0) return brood_throw_errno(env, errno, "fstat");
  if (file.st_size < PAGE_BYTES || file.st_size > BYTES_MAX) return brood_throw_errno(env, EINVAL, "mmap");
  const size_t size = (size_t)file.st_size;
  void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (bytes == MAP_FAILED) return brood_throw_errno(env, errno, "mmap");
  if (napi_create_external_arraybuffer(env, bytes, size, unmap, (void *)size, &result) == napi_ok) return result;
  munmap(bytes, size);
  return brood_throw_napi(env, "napi_create_external_arraybuffer");
}
