// What the addon uses of libuv, which Node exports: functions and constants that are the same in all of libuv 1. Node's own
// headers are often not there (npm's `node` packages and slim images have none), and no struct of it is laid out here.
#ifndef BROOD_LIBUV_H
#define BROOD_LIBUV_H

#include <stddef.h>

typedef struct uv_loop_s uv_loop_t;
typedef struct uv_handle_s uv_handle_t;
typedef struct uv_poll_s uv_poll_t;
typedef void (*uv_close_cb)(uv_handle_t *handle);
typedef void (*uv_poll_cb)(uv_poll_t *handle, int status, int events);

/** uv_handle_type, for uv_handle_size. */
#define UV_POLL 8

char *uv_err_name_r(int error, char *text, size_t size);
char *uv_strerror_r(int error, char *text, size_t size);
int uv_loop_fork(uv_loop_t *loop);
size_t uv_handle_size(int type);
void *uv_handle_get_data(const uv_handle_t *handle);
void uv_handle_set_data(uv_handle_t *handle, void *data);
void uv_ref(uv_handle_t *handle);
void uv_unref(uv_handle_t *handle);
void uv_close(uv_handle_t *handle, uv_close_cb callback);
int uv_poll_init(uv_loop_t *loop, uv_poll_t *handle, int fd);
int uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb callback);
int uv_poll_stop(uv_poll_t *handle);

#endif
