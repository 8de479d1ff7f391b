// A full collection of this process's heap that also compacts it and gives its free pages back, the young generation's
// included. `gc()` of JavaScript does so only on some Nodes: Node 20's keeps 32 MiB of empty, written pages, each of which
// every fork would copy before it writes to it.
// v8::Isolate::MemoryPressureNotification is public, the same since Node 12; its level is an enum (an int). Critical pressure
// is one such collection (a second one where that took less than 50 ms and the heap is full of holes), and is over then.
// glibc keeps what V8's compiler and parser had allocated and freed, a tenth of a template of a heavy application: that goes
// back too, for a worker that uses such memory again has it empty sooner than copied. Other C libraries have no call for it.

#include "addon.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

/** v8::MemoryPressureLevel::kCritical. */
#define CRITICAL 2

/** collectAll(): false where V8 does not let us. */
napi_value brood_collect_all(napi_env env, napi_callback_info info) {
  (void)info;
  void (*collect)(void *isolate, int level);
  napi_value result;
  BROOD_LOOK_UP(collect, "_ZN2v87Isolate26MemoryPressureNotificationENS_19MemoryPressureLevelE");
  void *const isolate = brood_isolate();
  const bool can = collect != NULL && isolate != NULL;
  if (can) collect(isolate, CRITICAL);
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  BROOD_TRY(env, napi_get_boolean(env, can, &result));
  return result;
}
