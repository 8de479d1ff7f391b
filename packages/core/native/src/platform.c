// A forked process has none of V8's worker threads, but Node's platform still counts one. V8 asks for that number before it
// hands out parts of a collection; told one, it posts tasks that nobody runs. On Node 26 that is each collection of the
// young generation, for ever in a queue; and on 20 and 26 a thread's end waits for such a task, so `new Worker()` never
// emits `exit`. Told zero, V8 does the work itself, at once.
// The answer is a virtual function of node::NodePlatform. The platform's object gets a copy of its class's table in which
// only that function is another: found by its address, never by its place, so nothing of the layout is assumed but that a
// table of functions comes first (Itanium C++ ABI, all of Linux). What is not found is left as it is, and said.

#include "addon.h"

#include <string.h>

/** The table's own words before the first function: offset to top, type. */
#define TABLE_HEAD 2
/** NodePlatform has 20-26 virtual functions. What is copied beyond them is never called. */
#define TABLE_WORDS 40

static int no_threads(void *platform) {
  (void)platform;
  return 0;
}

/** Node has one platform for a process, and a process is forked once at most: its table is written here. */
static void *table[TABLE_HEAD + TABLE_WORDS];

/** withoutThreads(): true when V8 will not hand out work to threads any more. Only in a forked process. */
napi_value brood_without_threads(napi_env env, napi_callback_info info) {
  (void)info;
  void *(*platform_of)(void *environment);
  napi_value result;
  bool replaced = false;
  BROOD_LOOK_UP(platform_of, "_ZN4node23GetMultiIsolatePlatformEPNS_11EnvironmentE");
  void *const counted = brood_symbol("_ZN4node12NodePlatform21NumberOfWorkerThreadsEv");
  void *const environment = brood_environment();
  if (platform_of != NULL && counted != NULL && environment != NULL) {
    void ***const platform = platform_of(environment);
    memcpy(table, *platform - TABLE_HEAD, sizeof table);
    for (size_t index = TABLE_HEAD; index < TABLE_HEAD + TABLE_WORDS && !replaced; index += 1) {
      if (table[index] != counted) continue;
      *(int (**)(void *)) & table[index] = no_threads;
      *platform = table + TABLE_HEAD;
      replaced = true;
    }
  }
  BROOD_TRY(env, napi_get_boolean(env, replaced, &result));
  return result;
}
