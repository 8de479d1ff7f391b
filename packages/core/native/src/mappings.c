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
static int inherit_line(const char *line) {
  uintptr_t start, end;
  if (!hex(&line, &start) || *line != '-') return EINVAL;
  line += 1;
  if (!hex(&line, &end) || *line != ' ') return EINVAL;
  // The vsyscall page lies above all that a process can map; as a pointer it is negative.
  if (line[4] != 'p' || (intptr_t)start < 0) return 0;
  if (madvise((void *)start, end - start, MADV_DOFORK) == 0) return 0;
  // EINVAL: the kernel's own special mappings, which it copies anyway. ENOMEM: another thread has unmapped it.
  return errno == EINVAL || errno == ENOMEM ? 0 : errno;
}

int brood_inherit_mappings(const char **syscall) {
  char buffer[MAP_BUFFER + 1];
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
    for (char *end; error == 0 && (end = strchr(line, '\n')) != NULL; line = end + 1) error = inherit_line(line);
    if (error != 0) *syscall = "madvise";
    filled -= (size_t)(line - buffer);
    memmove(buffer, line, filled);
    if (error == 0 && filled == MAP_BUFFER) error = ENAMETOOLONG;
  }
  close(file);
  return error;
}
