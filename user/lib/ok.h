/* SPDX-License-Identifier: MIT */
/* The two words of test programs about system calls. */
#ifndef USER_LIB_OK_H
#define USER_LIB_OK_H

#include "lib/hot.h"
#include <errno.h>

#define OK(cond)         hot_expect((cond), "%s", #cond)
#define FAILS(call, err) OK((call) == -1 && errno == (err))

#endif
