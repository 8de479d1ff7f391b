// Failures as JavaScript sees them: an Error with `code` ("EBADF"), `errno` (negative, as in Node) and `syscall`.
// libuv names the errors, so the names are Node's own on every platform and libc.

#include "addon.h"
#include "libuv.h"

#include <errno.h>
#include <stdio.h>

/** What libuv has no name for and a call of ours may be answered. */
static const struct {
  int error;
  const char *name;
} NAMELESS[] = {{ETOOMANYREFS, "ETOOMANYREFS"}, {ENOLCK, "ENOLCK"}, {EDQUOT, "EDQUOT"}};

napi_value brood_throw_errno(napi_env env, int error, const char *syscall) {
  char code[32];
  char reason[128];
  char text[256];
  uv_err_name_r(-error, code, sizeof code);
  for (size_t index = 0; index < sizeof NAMELESS / sizeof *NAMELESS; index += 1)
    if (NAMELESS[index].error == error) snprintf(code, sizeof code, "%s", NAMELESS[index].name);
  uv_strerror_r(-error, reason, sizeof reason);
  snprintf(text, sizeof text, "%s: %s, %s", code, reason, syscall);

  napi_value code_value, message, exception, number, name;
  BROOD_TRY(env, napi_create_string_utf8(env, code, NAPI_AUTO_LENGTH, &code_value));
  BROOD_TRY(env, napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message));
  BROOD_TRY(env, napi_create_error(env, code_value, message, &exception));
  BROOD_TRY(env, napi_create_int32(env, -error, &number));
  BROOD_TRY(env, napi_set_named_property(env, exception, "errno", number));
  BROOD_TRY(env, napi_create_string_utf8(env, syscall, NAPI_AUTO_LENGTH, &name));
  BROOD_TRY(env, napi_set_named_property(env, exception, "syscall", name));
  napi_throw(env, exception);
  return NULL;
}

napi_value brood_throw_napi(napi_env env, const char *call) {
  const napi_extended_error_info *info = NULL;
  bool pending = false;
  char text[256];
  if (napi_get_last_error_info(env, &info) != napi_ok) info = NULL;
  snprintf(text, sizeof text, "%.160s: %.80s", call,
           info != NULL && info->error_message != NULL ? info->error_message : "failed");
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending) return NULL;
  napi_throw_error(env, "ERR_NAPI", text);
  return NULL;
}

bool brood_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  size_t given = count;
  if (napi_get_cb_info(env, info, &given, values, NULL, NULL) != napi_ok) {
    brood_throw_napi(env, "napi_get_cb_info");
    return false;
  }
  if (given >= count) return true;
  napi_throw_type_error(env, "ERR_MISSING_ARGS", "too few arguments");
  return false;
}

bool brood_int(napi_env env, napi_value value, const char *name, int *result) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) == napi_ok && number >= INT32_MIN && number <= INT32_MAX &&
      number == (double)(int32_t)number) {
    *result = (int32_t)number;
    return true;
  }
  char text[96];
  snprintf(text, sizeof text, "%s is not a 32-bit integer", name);
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", text);
  return false;
}

napi_value brood_undefined(napi_env env) {
  napi_value result;
  BROOD_TRY(env, napi_get_undefined(env, &result));
  return result;
}

napi_value brood_int_array(napi_env env, const int *values, size_t count) {
  napi_value array, element;
  BROOD_TRY(env, napi_create_array_with_length(env, count, &array));
  for (size_t index = 0; index < count; index += 1) {
    BROOD_TRY(env, napi_create_int32(env, values[index], &element));
    BROOD_TRY(env, napi_set_element(env, array, (uint32_t)index, element));
  }
  return array;
}
