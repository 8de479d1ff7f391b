// Included before every file of a binary that is shipped: it must load wherever Node 20 does, which needs glibc 2.28. Where
// the machine that builds has a newer one, these functions would be bound to versions that came later only because they
// moved from libpthread and libdl into libc. The old versions are the same functions, and every glibc still has them.
#ifndef BROOD_OLD_GLIBC_H
#define BROOD_OLD_GLIBC_H

#if defined(__x86_64__)
#define BROOD_FIRST_GLIBC "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define BROOD_FIRST_GLIBC "GLIBC_2.17"
#endif

#define BROOD_OLD(function) __asm__(".symver " #function "," #function "@" BROOD_FIRST_GLIBC)

BROOD_OLD(dlsym);
BROOD_OLD(pthread_attr_setstacksize);
BROOD_OLD(pthread_create);
BROOD_OLD(pthread_once);
BROOD_OLD(pthread_sigmask);

#endif
