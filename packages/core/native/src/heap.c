// A full collection of this process's heap that also compacts it and gives its free pages back, the young generation's
// included. `gc()` of JavaScript does so only on some Nodes: Node 20's keeps 32 MiB of empty, written pages, each of which
// every fork would copy before it writes to it.
// v8::Isolate::LowMemoryNotification is public and has no arguments but the isolate, the same since Node 12.

#include "addon.h"

/** collectAll(): false where V8 does not let us. */
napi_value brood_collect_all(napi_env env, napi_callback_info info) {
  (void)info;
  void (*collect)(void *isolate);
  napi_value result;
  BROOD_LOOK_UP(collect, "_ZN2v87Isolate21LowMemoryNotificationEv");
  void *const isolate = brood_isolate();
  const bool can = collect != NULL && isolate != NULL;
  if (can) collect(isolate);
  BROOD_TRY(env, napi_get_boolean(env, can, &result));
  return result;
}
