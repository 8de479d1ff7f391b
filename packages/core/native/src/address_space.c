// Where new mappings of a template and its workers go: side by side. V8 asks for each piece of its heap (256 KiB) at a
// random address among 64 TiB, so each needs page tables of its own, 8 to 12 KiB: a process of 90 MiB was seen with 2.2 MiB
// of them. A fork makes them all again and an end takes them down. So the range is reserved here and never used: the kernel
// has no room there, puts the next mapping beside the last one, and one table serves for eight of them. Where mappings begin is
// the kernel's own random choice (ASLR) as before.
// Reserved means no memory, no page table and no access; it shows as a virtual size of 64 TiB, as with sanitizers.
// Rejected: an LD_PRELOAD that drops the hints, which every program that the application starts would inherit.

#include "addon.h"

#include <sys/mman.h>
#include <sys/resource.h>

#ifndef MAP_FIXED_NOREPLACE /* Linux 4.17; templates need 5.4 anyway */
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/** Below: the program and its heap where it is no PIE, and what must be near it (V8's compiled code). 1 TiB. */
#define FIRST (1ull << 40)
/** V8 draws 46 bits (src/base/platform/platform-posix.cc, GetRandomMmapAddr). */
#define LAST (1ull << 46)

#if defined(__x86_64__)

/** From `*context`, the end of the mapping before, to the start of this one. What cannot be had is left as it is. */
static int occupy_before(uintptr_t start, uintptr_t end, const char *permissions, void *context) {
  uintptr_t *from = context;
  const uintptr_t until = start < LAST ? start : LAST;
  (void)permissions;
  if (*from < until) {
    const size_t length = until - *from;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    void *const got = mmap((void *)*from, length, PROT_NONE, flags, -1, 0);
    if (got != MAP_FAILED) madvise(got, length, MADV_DONTDUMP); /* a dump has nothing of it anyway */
  }
  if (*from < end) *from = end;
  return 0;
}

static void occupy(void) {
  struct rlimit limit;
  uintptr_t from = FIRST;
  const char *syscall = "mmap";
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY) return;
  brood_each_mapping(occupy_before, &from, &syscall); /* as far as it gets */
}

#else

static void occupy(void) {}

#endif

/** occupyAddresses(): no failure. A limit of the address space (ulimit -v) is there for what is used: nothing is taken of it. */
napi_value brood_occupy_addresses(napi_env env, napi_callback_info info) {
  (void)info;
  occupy();
  return brood_undefined(env);
}
