// Which pages forked workers need as their own. A forked process shares every page until it writes to it; then the kernel
// stops it and copies that one. Siblings of one template write to the same pages, so the first of them notes which it has
// copied, and each that is forked after it has those copied in one go before it runs. A page takes two thirds of the time
// then, and a sixth while other processes copy too (no exception, no mapping that is made for reading first and then again;
// measured on a slow virtual machine, docs/forking.md), and no user's request has to wait for it.
// Of files, Node's own code above all, a fork inherits the mapping and not what it maps: the process is stopped at each
// page that it has not read yet, sixteen of them at a time. Those are noted and mapped in the same way.
// The notes are in memory that the template and all its workers share, in two stages: what a worker had written when it was
// ready, and when it had worked. Whoever comes first at a stage takes it and writes it once, so there is nothing to lock; if it
// dies meanwhile the stage is never complete, which costs the others only time.
// Rule: brood_copy_written runs between fork and uv_loop_fork, so it makes system calls and nothing else.

#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE /* Linux 5.14; on an older kernel nothing is noted, and pages are copied one by one as ever */
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_POPULATE_READ /* the same */
#define MADV_POPULATE_READ 22
#endif

#define STAGES 2
#define PAGE_SHIFT 12
/** A range is its first page's number above, how many it has below. The highest bit: of a file. */
#define LENGTH_BITS 16
#define LENGTH_MAX ((1u << LENGTH_BITS) - 1)
#define IS_FILE (1ull << 63)
#define RANGES_MAX 4000
/** To copy, 16 MiB: three times what a heavy application's workers were seen to write in their first second. */
#define PAGES_MAX 4096
/** To map, 64 MiB: four times what was seen. An application may have a file of gigabytes in memory. */
#define FILE_PAGES_MAX 16384

/** 16 GiB. A larger mapping is reserved space, and to go through all of its entries would hold the worker up: 2 ms for 4 GiB
 *  of nothing. */
#define MAPPING_BYTES_MAX (1ull << 34)

/** Bits of an entry of /proc/self/pagemap (the kernel's admin-guide/mm/pagemap). */
#define PRESENT (1ull << 63)
#define OF_A_FILE (1ull << 61)
#define OURS_ALONE (1ull << 56)
#define ENTRIES 512

enum { FREE, TAKEN, COMPLETE };

struct stage {
  _Atomic uint32_t state;
  uint32_t count;
  uint64_t ranges[RANGES_MAX];
};

const void *brood_written_memory(napi_env env, napi_value memory) {
  void *bytes;
  size_t length;
  BROOD_TRY(env, napi_get_arraybuffer_info(env, memory, &bytes, &length));
  if (length >= STAGES * sizeof(struct stage)) return bytes;
  return brood_throw_errno(env, EINVAL, "written");
}

/** Whatever the kernel says of a page: what is not done now is done when the page is needed. But at the first that is not
 *  there it stops, and whoever noted the range may have had a mapping of its own right before or after what was inherited. */
static void populate(uint64_t range) {
  const uintptr_t start = (uintptr_t)((range & ~IS_FILE) >> LENGTH_BITS << PAGE_SHIFT);
  const size_t pages = range & LENGTH_MAX;
  const int how = (range & IS_FILE) != 0 ? MADV_POPULATE_READ : MADV_POPULATE_WRITE;
  if (madvise((void *)start, pages << PAGE_SHIFT, how) == 0) return;
  for (size_t page = 0; page < pages; page += 1)
    madvise((void *)(start + (page << PAGE_SHIFT)), 1 << PAGE_SHIFT, how);
}

void brood_copy_written(const void *memory) {
  const struct stage *stage = memory;
  for (int index = STAGES - 1; index >= 0; index -= 1) {
    if (atomic_load_explicit(&stage[index].state, memory_order_acquire) != COMPLETE) continue;
    const uint32_t count = stage[index].count < RANGES_MAX ? stage[index].count : RANGES_MAX;
    for (uint32_t each = 0; each < count; each += 1) populate(stage[index].ranges[each]);
    return;
  }
}

struct notes {
  struct stage *stage;
  int pagemap;
  uint32_t pages, file_pages;
};

/** Adds one page, unless there are enough of its kind; false when there is no room for another range.
 *  @param kind  IS_FILE or 0 */
static bool note(struct notes *notes, uint64_t page, uint64_t kind) {
  struct stage *stage = notes->stage;
  uint32_t *const pages = kind == IS_FILE ? &notes->file_pages : &notes->pages;
  if (*pages == (kind == IS_FILE ? FILE_PAGES_MAX : PAGES_MAX)) return true;
  *pages += 1;
  if (stage->count > 0) {
    uint64_t *last = &stage->ranges[stage->count - 1];
    const uint64_t length = *last & LENGTH_MAX;
    const uint64_t next = ((*last & ~IS_FILE) >> LENGTH_BITS) + length;
    if ((*last & IS_FILE) == kind && next == page && length < LENGTH_MAX) {
      *last += 1;
      return true;
    }
  }
  if (stage->count == RANGES_MAX) return false;
  stage->ranges[stage->count] = kind | page << LENGTH_BITS | 1;
  stage->count += 1;
  return true;
}

/** One mapping: notes those of its pages that only this process has, and those of a file that it has read. Returns errno
 *  or 0. */
static int note_mapping(uintptr_t start, uintptr_t end, const char *permissions, void *context) {
  struct notes *notes = context;
  uint64_t entries[ENTRIES];
  if (permissions[0] != 'r' || permissions[3] != 'p' || end - start > MAPPING_BYTES_MAX) return 0;
  for (uint64_t page = start >> PAGE_SHIFT, last = end >> PAGE_SHIFT; page < last;) {
    const uint64_t left = last - page;
    const size_t wanted = (left < ENTRIES ? left : ENTRIES) * sizeof *entries;
    const ssize_t got = pread(notes->pagemap, entries, wanted, (off_t)(page * sizeof *entries));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got < 0 ? errno : 0;
    for (size_t index = 0; index < (size_t)got / sizeof *entries; index += 1, page += 1) {
      const uint64_t entry = entries[index];
      const bool is_read = (entry & PRESENT) != 0 && (entry & OF_A_FILE) != 0;
      const bool is_written = (entry & PRESENT) != 0 && (entry & OURS_ALONE) != 0 && permissions[1] == 'w';
      if (is_read ? !note(notes, page, IS_FILE) : is_written && !note(notes, page, 0)) return 0;
    }
  }
  return 0;
}

/** Asked with a page of the stack, which has been written to. */
static bool can_copy_ahead(void) {
  char here;
  const uintptr_t page = (uintptr_t)&here >> PAGE_SHIFT << PAGE_SHIFT;
  return sysconf(_SC_PAGESIZE) == 1 << PAGE_SHIFT &&
         madvise((void *)page, 1 << PAGE_SHIFT, MADV_POPULATE_WRITE) == 0;
}

/** noteWritten(memory, stage): true when this call has noted the stage, false when another has or does. ENOSYS where nothing
 *  can be copied ahead: before Linux 5.14, and with pages of another size than 4 KiB. */
napi_value brood_note_written(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result;
  int index;
  if (!brood_arguments(env, info, 2, arguments) || !brood_int(env, arguments[1], "stage", &index)) return NULL;
  struct stage *stage = (struct stage *)brood_written_memory(env, arguments[0]);
  if (stage == NULL) return NULL;
  if (index < 0 || index >= STAGES) return brood_throw_errno(env, EINVAL, "noteWritten");
  if (!can_copy_ahead()) return brood_throw_errno(env, ENOSYS, "noteWritten");
  stage += index;
  uint32_t expected = FREE;
  const bool is_first = atomic_compare_exchange_strong(&stage->state, &expected, TAKEN);
  BROOD_TRY(env, napi_get_boolean(env, is_first, &result));
  if (!is_first) return result;
  struct notes notes = {.stage = stage, .pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)};
  if (notes.pagemap < 0) return brood_throw_errno(env, errno, "open");
  const char *failed = "pread";
  const int error = brood_each_mapping(note_mapping, &notes, &failed);
  close(notes.pagemap);
  if (error != 0) return brood_throw_errno(env, error, failed);
  atomic_store_explicit(&stage->state, COMPLETE, memory_order_release);
  return result;
}
