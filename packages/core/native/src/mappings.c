// V8 marks its heap MADV_DONTFORK (nodejs/node#48523): a forked process without it dies of SIGSEGV at its first line of
// JavaScript. This takes the mark off again, over every private mapping, just before the fork. Shared mappings stay as
// they are: they belong to drivers and rings that may rely on the mark. MADV_WIPEONFORK is another mark and stays.
// Rule: called with other threads alive, so it allocates nothing and keeps no lock; the map is read into the stack.
// Rejected: /proc/self/smaps, which tells which mappings carry the mark, but walks every page table to do so.

#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/** A line is at most PATH_MAX and 80 characters; the kernel hands out whole pages of them. */
#define MAP_BUFFER 16384

static bool hex(const char **cursor, uintptr_t *value) {
  const char *start = *cursor;
  for (*value = 0;; *cursor += 1) {
    const char c = **cursor;
    if (c >= '0' && c <= '9') *value = *value * 16 + (uintptr_t)(c - '0');
    else if (c >= 'a' && c <= 'f') *value = *value * 16 + (uintptr_t)(c - 'a' + 10);
    else return *cursor > start;
  }
}

/** One line: "5581c000-5581d000 rw-p ...". Returns errno or 0. */
static int visit_line(const char *line, brood_visit visit, void *context) {
  uintptr_t start, end;
  if (!hex(&line, &start) || *line != '-') return EINVAL;
  line += 1;
  if (!hex(&line, &end) || *line != ' ') return EINVAL;
  // The vsyscall page lies above all that a process can map; as a pointer it is negative.
  if ((intptr_t)start < 0) return 0;
  return visit(start, end, line + 1, context);
}

int brood_each_mapping(brood_visit visit, void *context, const char **syscall) {
  char buffer[MAP_BUFFER + 1];
  const char *const visiting = *syscall;
  size_t filled = 0;
  int error = 0;
  *syscall = "open";
  const int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  *syscall = "read";
  while (error == 0) {
    const ssize_t count = read(file, buffer + filled, MAP_BUFFER - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) error = errno;
    if (count <= 0) break;
    filled += (size_t)count;
    buffer[filled] = '\0';
    char *line = buffer;
    for (char *end; error == 0 && (end = strchr(line, '\n')) != NULL; line = end + 1)
      error = visit_line(line, visit, context);
    if (error != 0) *syscall = visiting;
    filled -= (size_t)(line - buffer);
    memmove(buffer, line, filled);
    if (error == 0 && filled == MAP_BUFFER) error = ENAMETOOLONG;
  }
  close(file);
  return error;
}

static int inherit(uintptr_t start, uintptr_t end, const char *permissions, void *context) {
  (void)context;
  if (permissions[3] != 'p' || madvise((void *)start, end - start, MADV_DOFORK) == 0) return 0;
  // EINVAL: the kernel's own special mappings, which it copies anyway. ENOMEM: another thread has unmapped it.
  return errno == EINVAL || errno == ENOMEM ? 0 : errno;
}

int brood_inherit_mappings(const char **syscall) {
  *syscall = "madvise";
  return brood_each_mapping(inherit, NULL, syscall);
}
